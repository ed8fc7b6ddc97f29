-- An account that carries the mark of another CRM is adopted only if whoever
-- brought the key said so.
ALTER TABLE import_run_items ADD COLUMN adopt_force INTEGER NOT NULL DEFAULT 0;
