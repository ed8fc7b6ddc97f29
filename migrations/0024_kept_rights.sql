-- What somebody real keeps of his rights when one that an import gave him is
-- taken back: a host takes the whole list at once, so it is read first and
-- written down between the two calls.  JSON; NULL: nothing is to be written.
ALTER TABLE moved_keys ADD COLUMN kept_rights TEXT
	CHECK (length(kept_rights) <= 60000);
