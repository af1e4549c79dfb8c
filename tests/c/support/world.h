/* The server that the fixture has started, and a session on it. */
#ifndef OTC_TEST_WORLD_H
#define OTC_TEST_WORLD_H

/* A value of it (run.py): "URL", "KEY", "SESSION", "TOKEN" (may publish), "SUBSCRIBER_TOKEN", "MODERATOR_TOKEN". Ends the
 * test when it is not there. */
const char *world(const char *name);

#endif
