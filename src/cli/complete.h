/* complete.h: what a shell offers behind `pbt`, from the tables of commands and of a spec's keys. */
#ifndef PBT_CLI_COMPLETE_H
#define PBT_CLI_COMPLETE_H

/* Print candidates for the last of the words behind `pbt`, at least one. Returns the exit status. */
int pbt__complete(int count, char **words);

#endif
