/*
 * classic-bignum.c: arithmetic in which each result is a new small block.
 *
 * usage: classic-bignum rounds
 *
 * Numbers of 1 to 12 words: Euclid's algorithm run backwards and forwards. From
 * random quotients the two numbers are built that have them; then they are
 * divided until nothing is left. What is live is tiny, what comes and goes is
 * all of it. (The pattern of "cfrac".)
 */
#include "classic.h"

#define STEPS	80	/* quotients, each below QUOTIENT */
#define QUOTIENT	1000

struct bignum {
	uint32_t	words;
	uint32_t	word[];		/* the lowest first */
};

static struct bignum *
bignum_new(uint32_t words)
{
	struct bignum *b = obtain(sizeof(*b) + words * sizeof(b->word[0]));

	b->words = words;
	return (b);
}

static void
trim(struct bignum *b)
{
	while (b->words > 0 && b->word[b->words - 1] == 0)
		b->words--;
}

static struct bignum *
from_word(uint32_t value)
{
	struct bignum *b = bignum_new(1);

	b->word[0] = value;
	trim(b);
	return (b);
}

/* a * factor */
static struct bignum *
times(const struct bignum *a, uint32_t factor)
{
	struct bignum *product = bignum_new(a->words + 1);
	uint64_t carry = 0;

	for (uint32_t i = 0; i < a->words; i++) {
		carry += (uint64_t)a->word[i] * factor;
		product->word[i] = carry;
		carry >>= 32;
	}
	product->word[a->words] = carry;
	trim(product);
	return (product);
}

static uint32_t
word_at(const struct bignum *b, uint32_t i)
{
	return (i < b->words ? b->word[i] : 0);
}

static struct bignum *
plus(const struct bignum *a, const struct bignum *b)
{
	uint32_t words = a->words > b->words ? a->words : b->words;
	struct bignum *sum = bignum_new(words + 1);
	uint64_t carry = 0;

	for (uint32_t i = 0; i <= words; i++) {
		carry += (uint64_t)word_at(a, i) + word_at(b, i);
		sum->word[i] = carry;
		carry >>= 32;
	}
	trim(sum);
	return (sum);
}

/* a - b, which is not negative */
static struct bignum *
minus(const struct bignum *a, const struct bignum *b)
{
	struct bignum *rest = bignum_new(a->words);
	int64_t borrow = 0;

	for (uint32_t i = 0; i < a->words; i++) {
		borrow += (int64_t)a->word[i] - word_at(b, i);
		rest->word[i] = borrow;
		borrow >>= 32;
	}
	trim(rest);
	return (rest);
}

static bool
less(const struct bignum *a, const struct bignum *b)
{
	if (a->words != b->words)
		return (a->words < b->words);
	for (uint32_t i = a->words; i-- > 0;)
		if (a->word[i] != b->word[i])
			return (a->word[i] < b->word[i]);
	return (false);
}

/*
 * How often b goes into a, tried a bit at a time: the quotient is less than
 * QUOTIENT. *rest becomes what is left.
 */
static uint32_t
divide(const struct bignum *a, const struct bignum *b, struct bignum **rest)
{
	struct bignum *left = plus(a, (struct bignum[]){ { 0 } });
	uint32_t quotient = 0;

	for (uint32_t part = 512; part > 0; part /= 2) {
		struct bignum *multiple = times(b, part);

		if (!less(left, multiple)) {
			struct bignum *now = minus(left, multiple);

			free(left);
			left = now;
			quotient += part;
		}
		free(multiple);
	}
	*rest = left;
	return (quotient);
}

static void
there_and_back(struct random *r)
{
	uint32_t quotient[STEPS];
	struct bignum *a = from_word(1), *b = from_word(0);

	for (size_t i = 0; i < STEPS; i++) {
		quotient[i] = random_between(r, 2, QUOTIENT - 1);

		struct bignum *product = times(a, quotient[i]);
		struct bignum *next = plus(product, b);

		free(product);
		free(b);
		b = a;
		a = next;
	}
	for (size_t i = STEPS; i-- > 0;) {
		struct bignum *rest;

		require(divide(a, b, &rest) == quotient[i], "wrong quotient");
		free(a);
		a = b;
		b = rest;
	}
	require(a->words == 1 && a->word[0] == 1 && b->words == 0,
	    "wrong divisor");
	free(a);
	free(b);
}

int
main(int argc, char *argv[])
{
	size_t rounds = argument(argc, argv, 1, 15000);
	struct random random = random_start(1);

	while (rounds-- > 0)
		there_and_back(&random);
	return (0);
}
