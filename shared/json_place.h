/*
 * json_place: where in a JSON text a member stands.  Pure.
 *
 * jansson says the line of what is no JSON; of JSON that is wrong in itself
 * only the path of a member is known, and people want a line.
 */
#ifndef SHARED_JSON_PLACE_H
#define SHARED_JSON_PLACE_H

/*
 * The line, from 1, on which the member at `path` ("models[3].aliases",
 * as decoders name it) begins in `text`, which is JSON; of a member that is
 * not there, the line of the innermost thing on the way to it that is.
 */
int json_place_line(const char *text, const char *path);

/*
 * What jansson's sentence about a text that is no JSON most likely comes of:
 * "; a comma is missing before it, perhaps", or "".
 */
const char *json_place_hint(const char *said);

#endif
