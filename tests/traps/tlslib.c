/*
 * A module that wants 400 bytes of static TLS, of the 512 that the C library
 * keeps for modules loaded later.
 */
char	*tlslib_touch(void);

static __thread char local[400]
    __attribute__((tls_model("initial-exec"))) = { 1 };

char *
tlslib_touch(void)
{
	return (local);
}
