#include "cr/image/xxh3.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t whole(const void* bytes, size_t size) { return XXH3_64bits(bytes, size); }

static void* create(void) { return XXH3_createState(); }

static void reset(void* state) { XXH3_64bits_reset(state); }

static void update(void* state, const void* bytes, size_t size) { XXH3_64bits_update(state, bytes, size); }

static uint64_t value(const void* state) { return XXH3_64bits_digest(state); }

static void destroy(void* state) { XXH3_freeState(state); }

const struct cr_xxh3 CR_XXH3 = {whole, create, reset, update, value, destroy};
