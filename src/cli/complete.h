/* complete.h: what a shell offers behind `pbt`, from the tables of commands and of spec keys. */
#ifndef PBT_CLI_COMPLETE_H
#define PBT_CLI_COMPLETE_H

/* Print candidates for the last of the words behind `pbt`, of at least one. Returns 0. */
int pbt__complete(int count, char **words);

#endif
