/* Breadth-first search over packed states, for a model that the included text describes (model/columns/emit_c.py).
 *
 * One rule: a state is kept as its key, its predecessor and the step that led to it; its columns only until it has been
 * expanded. Keys are 128 bits: the packed state itself where it fits, else a hash made by difference from the parent's.
 *
 * Levels are expanded in chunks that threads claim; the table of keys is grown between rounds, when no thread runs. Words
 * of keys have their top bit set, so that no key is zero: a slot is taken by a compare-and-swap of its first word, and
 * readers wait for the second.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef uint64_t word;
typedef int8_t cell;
typedef struct { word k[2]; } key;

static volatile int left_range; /* 1 + the column that left its range, or 0 */
static inline int least(int a, int b) { return a < b ? a : b; }
static inline int greatest(int a, int b) { return a > b ? a : b; }
static inline int checked(int value, int low, int high, int column) {
  if (value < low || value > high) left_range = column + 1;
  return value < low ? low : value > high ? high : value;
}

#define TOP ((word)1 << 63)
#define UNPACK static inline void unpack(const word *restrict words, cell *restrict s)
#define PACK static inline void pack(const cell *restrict s, word *restrict words)
#define PROPERTIES static int properties(const cell *restrict s)
#define EXPAND(name) static int name(const cell *restrict s, const key *restrict keys, expanded *restrict out, int n)
#define APPLY static void apply(int instance, const cell *restrict s, word *restrict words)

/* The contributions of columns to keys, `RENAMINGS` keys for each value, from `first[column]` on. */
static const key *table;
#define PART(column, value) (table + (size_t)(firsts[column] + (value)) * RENAMINGS)

/*DEFINITIONS*/

#define ROW ((COLUMNS + 8) / 8 * 8)
static const int firsts[] = FIRSTS; /* less the column's lowest value */
static const int lows[] = LOWS;

static inline key least_key(const key *restrict keys) {
  key found = keys[0];
  for (int i = 1; i < RENAMINGS; i++) {
    int less = keys[i].k[0] < found.k[0] || (keys[i].k[0] == found.k[0] && keys[i].k[1] < found.k[1]);
    found = less ? keys[i] : found;
  }
  found.k[0] |= TOP;
  found.k[1] |= TOP;
  return found;
}

typedef word pair __attribute__((vector_size(16), aligned(8), may_alias));
static inline void move_keys(key *restrict keys, int column, int old, int new) {
  const pair *a = (const pair *)PART(column, old), *b = (const pair *)PART(column, new);
  pair *moved = (pair *)keys;
  for (int i = 0; i < RENAMINGS; i++) moved[i] ^= a[i] ^ b[i];
}

#define BITS(column, old, new, shift) ((word)(((old) - lows[column]) ^ ((new) - lows[column])) << (shift))

static word *states;      /* packed, by id; given back once expanded */
static uint32_t *parents; /* by id */
static uint16_t *steps;   /* by id */
static key *slots;
static int bits;
static word memory, capacity, total, lower, upper, following, limit;
static volatile int violated;
static volatile word violator;
static word generated;

static void *reserve(size_t size) {
  void *found = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return found == MAP_FAILED ? 0 : found;
}
static void *reserve_table(int size_bits) {
  size_t size = sizeof(key) << size_bits;
  void *found = reserve(size);
#ifdef MADV_HUGEPAGE
  if (found) madvise(found, size, MADV_HUGEPAGE);
#endif
  return found;
}

static inline word place_of(key k) {
  return ((k.k[0] ^ (k.k[1] * 0x9E3779B97F4A7C15ull)) * 0xC2B2AE3D27D4EB4Full) >> (64 - bits);
}

static inline int insert(key k) {
  word mask = ((word)1 << bits) - 1;
  for (word at = place_of(k);; at = (at + 1) & mask) {
    word there = __atomic_load_n(&slots[at].k[0], __ATOMIC_ACQUIRE);
    if (!there) {
      if (__atomic_compare_exchange_n(&slots[at].k[0], &there, k.k[0], 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&slots[at].k[1], k.k[1], __ATOMIC_RELEASE);
        return 1;
      }
    }
    if (there == k.k[0]) {
      word second;
      while (!(second = __atomic_load_n(&slots[at].k[1], __ATOMIC_ACQUIRE))) { }
      if (second == k.k[1]) return 0;
    }
  }
}

/* A table `1 << by` times as large; 0 where memory cannot be had. */
static int grow(int by) {
  key *old = slots;
  word size = (word)1 << bits;
  key *larger = reserve_table(bits + by);
  if (!larger) return 0;
  slots = larger;
  bits += by;
  word mask = ((word)1 << bits) - 1;
  for (word i = 0; i < size; i++)
    if (old[i].k[0]) {
      word at = place_of(old[i]);
      while (slots[at].k[0]) at = (at + 1) & mask;
      slots[at] = old[i];
    }
  munmap(old, sizeof(key) * size);
  return 1;
}

static void keys_of(const cell *restrict s, key *restrict keys) {
  memset(keys, 0, sizeof(key) * RENAMINGS);
  for (int c = 0; c < COLUMNS; c++) {
    const pair *part = (const pair *)PART(c, s[c]);
    for (int i = 0; i < RENAMINGS; i++) ((pair *)keys)[i] ^= part[i];
  }
}

word used_bytes(void) {
  return (sizeof(key) << bits) + total * 6 + (total - lower) * WORDS * sizeof(word);
}

/* Notes a state's properties; the first violation ends the search. */
static int properties(const cell *restrict s);
static void judge(word id, const cell *restrict row) {
  int broken = properties(row);
  if (broken >= 0 && violated < 0) {
    violator = id;
    violated = broken;
  }
}

#define CLAIM 128 /* states that a thread takes at a time */

/*EXPANSION*/

/* Prepares a search from a row; 0 where memory cannot be had. */
int begin(const void *contributions, const cell *row, word bytes) {
  table = contributions;
  memory = bytes;
  bits = 18;
  while (((word)1 << bits) * 2 / 5 < (word)CLAIM * 8 * (INSTANCES + 1)) bits++;
  capacity = memory / 22;
  if (capacity > 0xFFFFFFF0ull) capacity = 0xFFFFFFF0ull;
  slots = reserve_table(bits);
  states = reserve(capacity * WORDS * sizeof(word));
  parents = reserve(capacity * sizeof(uint32_t));
  steps = reserve(capacity * sizeof(uint16_t));
  if (!slots || !states || !parents || !steps) return 0;
  violated = -1;
  left_range = 0;
  generated = 0;
  cell t[ROW];
  memset(t, 0, sizeof t);
  memcpy(t, row, COLUMNS);
  total = lower = following = 0;
  start(t);
  upper = total;
  return 1;
}

enum { MORE, DONE, VIOLATED, FULL, RANGE };

/* Expands up to `count` more states of the level; says whether there are more, or why it stopped. */
int advance(word count, int threads) {
  if (violated >= 0) return VIOLATED;
  word end = upper;
  if (following + count < end) upper = following + count;
  int result = -1;
  while (result < 0) {
    word room = ((word)1 << bits) / 5 * 3;
    word held = used_bytes();
    word more = held < memory ? (memory - held) / (6 + WORDS * sizeof(word)) : 0;
    limit = room < total + more ? room : total + more;
    if (limit > capacity - CLAIM * 8 * (INSTANCES + 1)) limit = capacity - CLAIM * 8 * (INSTANCES + 1);
    if (total >= limit) {
      int by = bits < 22 && held + (sizeof(key) << (bits + 2)) <= memory ? 2 : 1; /* small ones soon grow again */
      if (total < room || held + (sizeof(key) << (bits + by)) > memory || !grow(by)) result = FULL;
      continue;
    }
    int n = upper - following > 4096 ? threads : 1;
    word counted[8] = {0};
    pthread_t others[8];
    for (int i = 1; i < n; i++) pthread_create(others + i, 0, work, counted + i);
    work(counted);
    for (int i = 1; i < n; i++) pthread_join(others[i], 0);
    for (int i = 0; i < n; i++) generated += counted[i];
    if (left_range) result = RANGE;
    else if (violated >= 0) result = VIOLATED;
    else if (following >= upper) result = upper == end ? DONE : MORE;
  }
  if (following > upper) following = upper;
  upper = end;
  return result;
}

/* Goes on to the next level; how many states it has. */
word turn(void) {
  size_t from = (lower * WORDS * sizeof(word) + 4095) & ~(size_t)4095, to = upper * WORDS * sizeof(word) & ~(size_t)4095;
  if (to > from) madvise((char *)states + from, to - from, MADV_DONTNEED);
  lower = following = upper;
  upper = total;
  return upper - lower;
}

word states_seen(void) { return total; }
word states_generated(void) { return generated; }
int property_violated(void) { return violated; }
int column_out_of_range(void) { return left_range - 1; }

/* The instances that lead to the violating state, last first; how many. */
int path(uint16_t *found, int room) {
  int n = 0;
  for (word id = violator; id && n < room; id = parents[id]) found[n++] = steps[id];
  return n;
}

void end(void) {
  munmap(slots, sizeof(key) << bits);
  munmap(states, capacity * WORDS * sizeof(word));
  munmap(parents, capacity * sizeof(uint32_t));
  munmap(steps, capacity * sizeof(uint16_t));
}
