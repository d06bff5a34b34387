/*
 * note.h - the way to the figures for whoever looks from outside.
 *
 * Layer 9.  See note.c.
 */
#ifndef KMA_NOTE_H
#define KMA_NOTE_H

#include "cdefs.h"

extern KMA_HIDDEN const unsigned char kma_note[];

#endif /* KMA_NOTE_H */
