-- What of a resource is ours, and how it was seen last.

-- `written_json` holds from here on the fields that we own as CRM wrote them
-- last, one flat object (see shared/owned.h); rows of before have none, and
-- what was wanted counts as written.  `live_version` is the hash of the same
-- fields as the host showed them last (D24): it is written only when it
-- changes, so that looking at what stayed as it was costs no write.
ALTER TABLE managed_resources ADD COLUMN live_version TEXT;

-- A resource is looked for by its host, type and place in the host's list.
CREATE INDEX managed_resources_live
	ON managed_resources (host_id, resource_type,
	                      CAST(host_resource_id AS INTEGER))
	WHERE host_resource_id IS NOT NULL AND state <> 'gone';
