/* otc_cli's input: one JSON object a line. */
#ifndef EXAMPLES_OTC_CLI_COMMANDS_H
#define EXAMPLES_OTC_CLI_COMMANDS_H

#include <otc.h>
#include <stddef.h>
#include <stdio.h>

/* Carries out one line. Whatever is wrong with it is answered with an event; nothing ends the program. */
void command_run(otc_session *session, const char *line, size_t length);

/* Every command, for people. */
void command_print_help(FILE *out);

#endif
