#include "cli/secret.h"

#include <string.h>

#include "cli/args.h"
#include "cli/text_file.h"
#include "shared/seal.h"

int secret_read(const char *path, const char *what, char **ret,
		struct err *err)
{
	AUTO_WIPE char *text = NULL;

	if (text_file_read(path, what, SEAL_SECRET_MAX, &text, err))
		return -1;
	if (strpbrk(text, " \t\r\n"))
		return args_refuse(err, "%s in '%s' must be one line of text "
				   "without blanks", what, path);
	*ret = TAKE(text);
	return 0;
}
