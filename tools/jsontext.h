/*
 * jsontext.h - text from outside, as JSON.
 */
#ifndef KMA_JSONTEXT_H
#define KMA_JSONTEXT_H

#include <jansson.h>

/* A string; one that is no UTF-8 has its odd bytes replaced by '?'. */
json_t	*json_text(const char *s);

#endif /* KMA_JSONTEXT_H */
