/*
 * client.c - what valgrind is told of the arena's memory.
 *
 * Layer 1.  Owns client_state, which changes before there is a second thread.
 */
#include "client.h"

uint8_t client_state;
