#include "shared/walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/table.h"

void walk_done(struct walk *walk)
{
	db_rows_done(&walk->rows);
	for (size_t i = 0; i < COUNT(walk->held); i++)
		free(walk->held[i]);
	*walk = (struct walk){ 0 };
}

int walk_next(struct walk *walk, struct err *err)
{
	int more;

	while ((more = db_next(&walk->rows, err)) > 0) {
		walk->looked++;
		snprintf(walk->last, sizeof(walk->last), "%s",
			 db_must(&walk->rows, walk->id_column));
		if (db_text(&walk->rows, 0))
			return 1;
	}
	return more;
}

bool walk_was_cut(const struct walk *walk)
{
	return walk->looked == walk->max;
}

const char *walk_given(const char *text)
{
	return text && *text ? text : NULL;
}
