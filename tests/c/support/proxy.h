/* A bad network: a TCP proxy in front of the fixture's server, in this process, that cuts, refuses and falls silent. */
#ifndef OTC_TEST_PROXY_H
#define OTC_TEST_PROXY_H

struct proxy;

/* Starts one. */
struct proxy *proxy_start(void);
/* Ends it and all that goes through it. */
void proxy_stop(struct proxy *proxy);
/* Where sessions find it. */
const char *proxy_url(struct proxy *proxy);

/* Ends every connection that goes through it. */
void proxy_cut(struct proxy *proxy);
/* While it refuses, connections are closed as soon as they are made. */
void proxy_refuse(struct proxy *proxy, int refuse);
/* While it holds, connections are made and nothing passes. */
void proxy_hold(struct proxy *proxy, int hold);
/* Connections that have been made to it. */
int proxy_connections(struct proxy *proxy);

#endif
