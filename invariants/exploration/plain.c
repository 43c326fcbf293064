/* Expanding states whose successors are known by their keys alone: a successor is a key and the step that leads to it;
 * its columns are made only where it is new.
 */
typedef struct { key k; uint32_t parent; uint32_t instance; } expanded;
#if EXACT
#define BEGIN() key moved = keys[0]
#define CHANGE(column, old, new, w, shift) moved.k[w] ^= BITS(column, old, new, shift)
#define END(number) moved.k[0] |= TOP; moved.k[1] |= TOP; out[n].k = moved; out[n].instance = number; n++
#define PUT(column, old, new, w, shift) words[w] ^= BITS(column, old, new, shift)
#else
#define BEGIN() key moved[RENAMINGS]; memcpy(moved, keys, sizeof moved)
#define CHANGE(column, old, new, w, shift) move_keys(moved, column, old, new)
#define END(number) out[n].k = least_key(moved); out[n].instance = number; n++
#define PUT(column, old, new, w, shift) words[w] ^= BITS(column, old, new, shift)
#endif

/*MODEL*/

#define BATCH 32 /* states between two visits of the table */

static void add(const expanded *c, const cell *restrict row) {
  word id = __atomic_fetch_add(&total, 1, __ATOMIC_RELAXED);
  if (id >= capacity) return;
  word *words = states + id * WORDS;
#if EXACT
  (void)row;
  for (int w = 0; w < WORDS; w++) words[w] = c->k.k[w] & ~TOP;
#else
  memcpy(words, states + (word)c->parent * WORDS, sizeof(word) * WORDS);
  apply((int)c->instance, row, words);
#endif
  parents[id] = c->parent;
  steps[id] = (uint16_t)c->instance;
  cell t[ROW];
  unpack(words, t);
  judge(id, t);
}

static void start(const cell *restrict row) {
  key keys[RENAMINGS];
  keys_of(row, keys);
  insert(least_key(keys));
  pack(row, states);
  total++;
  judge(0, row);
}

static void *work(void *counted) {
  expanded *out = malloc(sizeof(expanded) * BATCH * (INSTANCES + 1));
  cell(*rows)[ROW] = malloc(sizeof(cell) * ROW * BATCH);
  word seen = 0;
  memset(rows, 0, sizeof(cell) * ROW * BATCH);
  while (violated < 0 && !left_range && __atomic_load_n(&total, __ATOMIC_RELAXED) < limit) {
    word from = __atomic_fetch_add(&following, CLAIM, __ATOMIC_RELAXED);
    if (from >= upper) break;
    word until = from + CLAIM < upper ? from + CLAIM : upper;
    for (word first = from; first < until; first += BATCH) {
      word last = first + BATCH < until ? first + BATCH : until;
      int n = 0;
      for (word j = first; j < last; j++) {
        cell *s = rows[j - first];
        key keys[RENAMINGS];
        unpack(states + j * WORDS, s);
#if EXACT
        for (int w = 0; w < 2; w++) keys[0].k[w] = w < WORDS ? states[j * WORDS + w] : 0;
#else
        keys_of(s, keys);
#endif
        int before = n;
        n = expand(s, keys, out, n);
        for (int i = before; i < n; i++) {
          out[i].parent = (uint32_t)j;
          __builtin_prefetch(slots + place_of(out[i].k), 1, 0);
        }
      }
      seen += (word)n;
      for (int i = 0; i < n; i++)
        if (insert(out[i].k)) add(out + i, rows[out[i].parent - first]);
    }
  }
  *(word *)counted = seen;
  free(out);
  free(rows);
  return 0;
}
