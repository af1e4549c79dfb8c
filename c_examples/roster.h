/* Who is in the session: copies of the connections that callbacks lend. Safe from any thread. */
#ifndef EXAMPLES_ROSTER_H
#define EXAMPLES_ROSTER_H

#include <otc.h>
#include <stddef.h>

/* Keeps a copy, unless the connection is known already. */
void roster_add(const otc_connection *connection);
void roster_remove(const char *connection_id);
/* A copy for the caller to delete; NULL when nobody has that id. */
otc_connection *roster_find(const char *connection_id);
size_t roster_count(void);
/* Calls `visit` for each connection, in order of arrival, until it returns something other than 0, and returns that.
 * `visit` must not use the roster. */
int roster_each(int (*visit)(const otc_connection *connection, void *context), void *context);
void roster_clear(void);

#endif
