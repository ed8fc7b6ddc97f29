-- Which group a managed key is for is held against the host from here on, as
-- what is asked of a host stands in `wanted_json`; keys of before have none.
-- A key is called as its group is, and by its user: "endpoint|mode|user".
UPDATE managed_resources AS k
SET wanted_json = (
	SELECT '{"name":"' || k.mark || '","group_id":' ||
	       g.host_resource_id || '}'
	FROM managed_resources g
	WHERE g.host_id = k.host_id AND g.resource_type = 'group'
	  AND g.state = 'present' AND g.host_resource_id GLOB '[1-9]*'
	  AND substr(k.lookup, 1, length(g.lookup) + 1) = g.lookup || '|')
WHERE k.resource_type = 'user_key' AND k.state = 'present'
  AND k.wanted_json IS NULL;
