/*
 * redact: what schedd writes down of a peer's words goes through
 * shared/redact.h; this header keeps the name under which steps know it.
 */
#ifndef SCHEDD_REDACT_H
#define SCHEDD_REDACT_H

#include "shared/redact.h"

#endif
