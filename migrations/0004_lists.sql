-- Lists: what they are led by, how much there is of each state, and what
-- happens in a run as a whole.
--
-- The tables that only count and number are kept by triggers, inside the
-- transaction of whoever writes: no writer can forget them, and a page never
-- counts.  Whoever makes one of these tables anew in a later migration has to
-- make its indexes and triggers again, as both go with the table.

-- Each filter leads a list of its own, in the order of the ids, which is that
-- of time.  The same index serves the list of one run: its items were made in
-- one go, so they are a range of ids.  Columns that change are written only
-- when they do (shared/items.c), so that a step costs no index.
CREATE INDEX import_run_items_by_stage
	ON import_run_items (current_stage, item_id);
CREATE INDEX import_run_items_by_confirmation
	ON import_run_items (confirmation_status, item_id);
CREATE INDEX import_run_items_by_access
	ON import_run_items (access_status, item_id);
CREATE INDEX import_run_items_by_provider
	ON import_run_items (provider_id, item_id);
CREATE INDEX import_run_items_by_class
	ON import_run_items (failure_class, item_id)
	WHERE failure_class IS NOT NULL;
CREATE INDEX import_run_items_warned
	ON import_run_items (item_id) WHERE warnings <> '[]';
CREATE INDEX import_run_items_by_label
	ON import_run_items (label, item_id) WHERE label <> '';

-- The newest proof of each item of a page, without a look at its row.
DROP INDEX proofs_by_item;
CREATE INDEX proofs_by_item
	ON proofs (item_id, proof_id, key_source, key_fingerprint);

-- How many runs there are, by what lists of runs are filtered by.
CREATE TABLE run_counts (
	host_id     TEXT    NOT NULL,
	access_mode TEXT    NOT NULL,
	state       TEXT    NOT NULL,
	n           INTEGER NOT NULL,
	PRIMARY KEY (host_id, access_mode, state)
) STRICT, WITHOUT ROWID;
INSERT INTO run_counts (host_id, access_mode, state, n)
SELECT host_id, access_mode, state, count(*) FROM import_runs
GROUP BY host_id, access_mode, state;

-- How many items of a run are where.
CREATE TABLE item_counts (
	run_id        TEXT    NOT NULL,
	current_stage TEXT    NOT NULL,
	access_status TEXT    NOT NULL,
	n             INTEGER NOT NULL,
	PRIMARY KEY (run_id, current_stage, access_status)
) STRICT, WITHOUT ROWID;
INSERT INTO item_counts (run_id, current_stage, access_status, n)
SELECT run_id, current_stage, access_status, count(*) FROM import_run_items
GROUP BY run_id, current_stage, access_status;

-- Which endpoints were ever imported: few, however many keys they have.  A
-- search looks here for what its text may mean.
CREATE TABLE imported_endpoints (
	provider_id TEXT    NOT NULL,
	base_url    TEXT    NOT NULL,
	PRIMARY KEY (provider_id, base_url)
) STRICT, WITHOUT ROWID;
CREATE INDEX imported_endpoints_by_url
	ON imported_endpoints (base_url, provider_id);
INSERT INTO imported_endpoints (provider_id, base_url)
SELECT DISTINCT provider_id, base_url FROM import_run_items;

-- And in which runs; both ways round.
CREATE TABLE run_endpoints (
	provider_id TEXT    NOT NULL,
	run_id      TEXT    NOT NULL,
	PRIMARY KEY (provider_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_endpoints_by_run ON run_endpoints (run_id, provider_id);
INSERT INTO run_endpoints (provider_id, run_id)
SELECT DISTINCT provider_id, run_id FROM import_run_items;

-- The events of all items of a run in one order, the one in which they were
-- committed: `seq` counts from 1 without holes, so that whoever has seen N can
-- ask for what came after N.
CREATE TABLE run_events (
	run_id   TEXT    NOT NULL,
	seq      INTEGER NOT NULL,
	item_id  TEXT    NOT NULL,
	item_seq INTEGER NOT NULL,
	PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO run_events (run_id, seq, item_id, item_seq)
SELECT i.run_id, row_number() OVER (PARTITION BY i.run_id
	ORDER BY e.at, e.item_id, e.seq), e.item_id, e.seq
FROM import_run_item_events e JOIN import_run_items i ON i.item_id = e.item_id;

CREATE TRIGGER run_counted AFTER INSERT ON import_runs
BEGIN
	INSERT INTO run_counts (host_id, access_mode, state, n)
	VALUES (new.host_id, new.access_mode, new.state, 1)
	ON CONFLICT (host_id, access_mode, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER run_counted_again AFTER UPDATE OF state ON import_runs
WHEN old.state <> new.state
BEGIN
	UPDATE run_counts SET n = n - 1 WHERE host_id = old.host_id
	AND access_mode = old.access_mode AND state = old.state;
	INSERT INTO run_counts (host_id, access_mode, state, n)
	VALUES (new.host_id, new.access_mode, new.state, 1)
	ON CONFLICT (host_id, access_mode, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER run_forgotten AFTER DELETE ON import_runs
BEGIN
	UPDATE run_counts SET n = n - 1 WHERE host_id = old.host_id
	AND access_mode = old.access_mode AND state = old.state;
	DELETE FROM item_counts WHERE run_id = old.run_id;
	DELETE FROM run_endpoints WHERE run_id = old.run_id;
	DELETE FROM run_events WHERE run_id = old.run_id;
END;

CREATE TRIGGER item_counted AFTER INSERT ON import_run_items
BEGIN
	INSERT INTO item_counts (run_id, current_stage, access_status, n)
	VALUES (new.run_id, new.current_stage, new.access_status, 1)
	ON CONFLICT (run_id, current_stage, access_status)
	DO UPDATE SET n = n + 1;
	INSERT INTO imported_endpoints (provider_id, base_url)
	VALUES (new.provider_id, new.base_url) ON CONFLICT DO NOTHING;
	INSERT INTO run_endpoints (provider_id, run_id)
	VALUES (new.provider_id, new.run_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER item_counted_again
AFTER UPDATE OF current_stage, access_status ON import_run_items
WHEN old.current_stage <> new.current_stage
OR old.access_status <> new.access_status
BEGIN
	UPDATE item_counts SET n = n - 1 WHERE run_id = old.run_id
	AND current_stage = old.current_stage
	AND access_status = old.access_status;
	INSERT INTO item_counts (run_id, current_stage, access_status, n)
	VALUES (new.run_id, new.current_stage, new.access_status, 1)
	ON CONFLICT (run_id, current_stage, access_status)
	DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER item_forgotten AFTER DELETE ON import_run_items
BEGIN
	UPDATE item_counts SET n = n - 1 WHERE run_id = old.run_id
	AND current_stage = old.current_stage
	AND access_status = old.access_status;
END;

CREATE TRIGGER run_event_numbered AFTER INSERT ON import_run_item_events
BEGIN
	INSERT INTO run_events (run_id, seq, item_id, item_seq)
	SELECT i.run_id, 1 + coalesce((SELECT max(e.seq) FROM run_events e
		WHERE e.run_id = i.run_id), 0), new.item_id, new.seq
	FROM import_run_items i WHERE i.item_id = new.item_id;
END;
