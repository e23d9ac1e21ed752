/* utf8.h: texts as characters. */
#ifndef PBT_BASE_UTF8_H
#define PBT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PBT__UTF8_MAXIMUM = 4 }; /* Units: bytes of a character */

/* The length of the character that `text` begins with, a NUL included; 0 if it begins with none.
 * `left` bytes may be read; of a text with a NUL at its end, PBT__UTF8_MAXIMUM. */
size_t pbt__utf8_step(const char *text, size_t left);
/* Whether a text is UTF-8 to its end, as every text in JSON must be. */
bool pbt__utf8_is_valid(const char *text);
/* Write a character. Returns its length. Shape: out[PBT__UTF8_MAXIMUM] */
size_t pbt__utf8_write(uint32_t code, char *out);
/* Replace each byte that is no UTF-8 by a question mark. */
void pbt__utf8_mend(char *text);

#endif
