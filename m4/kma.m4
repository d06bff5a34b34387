# m4/kma.m4: libkma's own configure macros; configure.ac calls each of them.

# KMA_APPEND_FLAG(VARIABLE, FLAG): append FLAG if the compiler takes it.
AC_DEFUN([KMA_APPEND_FLAG], [
AS_VAR_PUSHDEF([kma_cv], [kma_cv_cc_$2])
AC_CACHE_CHECK([whether $CC takes $2], [kma_cv], [
	kma_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
	    [AS_VAR_SET([kma_cv], [yes])], [AS_VAR_SET([kma_cv], [no])])
	CFLAGS=$kma_save_CFLAGS])
AS_VAR_IF([kma_cv], [yes], [AS_VAR_APPEND([$1], [" $2"])])
AS_VAR_POPDEF([kma_cv])
])

# KMA_ARG_WERROR: --enable-werror makes every warning an error.
AC_DEFUN([KMA_ARG_WERROR], [
AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
    [], [enable_werror=no])
AC_SUBST([KMA_WERROR])
AS_IF([test "$enable_werror" = yes], [KMA_WERROR=-Werror])
])

# KMA_ARG_DEBUG: --enable-debug runs every module's _check() as it works.
AC_DEFUN([KMA_ARG_DEBUG], [
AC_ARG_ENABLE([debug],
    [AS_HELP_STRING([--enable-debug],
        [check the invariants of every module after every operation])],
    [], [enable_debug=no])
AC_SUBST([KMA_DEBUG_CPPFLAGS])
AS_IF([test "$enable_debug" = yes], [KMA_DEBUG_CPPFLAGS=-DKMA_DEBUG=1])
])

# KMA_ARG_SANITIZER: --with-sanitizer builds the core and its unit tests with
# one of GCC's sanitizers. libkma.so is not built then: a sanitizer's run-time
# brings its own malloc.
AC_DEFUN([KMA_ARG_SANITIZER], [
AC_ARG_WITH([sanitizer],
    [AS_HELP_STRING([--with-sanitizer=address|thread|undefined],
        [build only the core library and its unit tests, with this sanitizer])],
    [], [with_sanitizer=no])
AC_SUBST([KMA_SANITIZER_CFLAGS])
AS_CASE([$with_sanitizer],
    [no], [],
    [address|thread|undefined], [KMA_SANITIZER_CFLAGS="-g dnl
-fsanitize=$with_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer"],
    [AC_MSG_ERROR([unknown sanitizer: $with_sanitizer])])
AM_CONDITIONAL([SANITIZER], [test "$with_sanitizer" != no])
])

# KMA_ARG_TOOLS: --disable-tools builds without the kma command. With a
# sanitizer there is none either: there is no libkma.so to go with it.
AC_DEFUN([KMA_ARG_TOOLS], [
AC_ARG_ENABLE([tools],
    [AS_HELP_STRING([--disable-tools],
        [build without the kma command, which needs jansson and expat])],
    [], [enable_tools=yes])
AS_IF([test "$with_sanitizer" != no], [enable_tools=no])
AS_IF([test "$enable_tools" != no],
    [PKG_CHECK_MODULES([JANSSON], [jansson], [],
        [AC_MSG_ERROR([the kma command needs jansson (libjansson-dev); dnl
--disable-tools builds without it])])
    PKG_CHECK_MODULES([EXPAT], [expat], [],
        [AC_MSG_ERROR([the kma command needs expat (libexpat1-dev); dnl
--disable-tools builds without it])])])
AM_CONDITIONAL([TOOLS], [test "$enable_tools" != no])
])

# KMA_CHECK_WARNINGS: the warnings that all of the project's C is compiled with.
AC_DEFUN([KMA_CHECK_WARNINGS], [
AC_SUBST([KMA_WARNINGS])
m4_foreach_w([kma_flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wcast-align
    -Wpointer-arith -Wwrite-strings -Wundef -Wvla -Wformat=2
    -Wimplicit-fallthrough -Wlogical-op -Wduplicated-cond
    -Wredundant-decls -Wnested-externs],
    [KMA_APPEND_FLAG([KMA_WARNINGS], kma_flag)])
])

# KMA_CHECK_LIB_CFLAGS: code generation of the library.
AC_DEFUN([KMA_CHECK_LIB_CFLAGS], [
AC_SUBST([KMA_LIB_CFLAGS])
# The compiler must not take our malloc for the one it knows: it would turn
# malloc+memset inside calloc into a call of calloc, and drop stores to a block
# that is about to be freed.
# -fno-tree-slsr: the fast paths address three arrays by one index, which is
# shorter than computing the address once (36 instructions, not 38).
m4_foreach_w([kma_flag], [-fno-tree-slsr -fno-builtin-malloc -fno-builtin-calloc
    -fno-builtin-realloc -fno-builtin-free -fno-builtin-aligned_alloc
    -fno-builtin-posix_memalign
    -fvisibility=hidden -ftls-model=initial-exec
    -fno-semantic-interposition -fno-plt
    -fcf-protection=none -fno-stack-protector],
    [KMA_APPEND_FLAG([KMA_LIB_CFLAGS], kma_flag)])
])
