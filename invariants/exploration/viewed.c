/* Expanding states whose successors are known by their views: a batch of successors lies in lanes, column by column, so
 * that the view is computed for all of them at once; then the keys move by what it changed.
 *
 * One rule: a lane is one successor. Its columns start as its parent's, `WIDE` lanes at a time.
 */
#define WIDE 64
#define LANES 256
typedef cell lanes __attribute__((vector_size(WIDE)));

struct batch {
  cell columns[COLUMNS][LANES] __attribute__((aligned(WIDE)));
  key keys[LANES][RENAMINGS];
  uint32_t parents[LANES];
  uint16_t steps[LANES];
  const cell *row;
  uint32_t parent;
  int ready; /* lanes below it have their parent's columns */
  int used;
  word counted;
};
typedef struct batch expanded;
static int more(expanded *restrict out, int n);

#define BEGIN() if (n == out->ready) n = more(out, n); memcpy(out->keys[n], keys, sizeof out->keys[n])
#define CHANGE(column, old, new, w, shift) do { const int value = (new); \
  move_keys(out->keys[n], column, old, value); out->columns[column][n] = (cell)value; } while (0)
#define END(number) out->parents[n] = out->parent; out->steps[n] = number; n++

#define ALL(x) ((lanes){0} + (cell)(x))
#define CHOICE(condition, x, y) ((y) ^ (((x) ^ (y)) & (condition)))
#define COLUMN(column) (*(const lanes *)(out->columns[column] + at))
#define VIEW static void view(expanded *restrict out, int at)
#define SEEN(column, value) seen(out, column, at, value)

static __attribute__((noinline)) void changed(expanded *restrict out, int column, int at, lanes new) {
  cell *cells = out->columns[column] + at;
  const cell *values = (const cell *)&new;
  for (int first = 0; first < WIDE && at + first < out->used; first += 8) {
    word a, b;
    memcpy(&a, cells + first, 8);
    memcpy(&b, values + first, 8);
    for (word differ = a ^ b; differ;) {
      int byte = __builtin_ctzll(differ) >> 3, i = first + byte;
      if (at + i < out->used) move_keys(out->keys[at + i], column, cells[i], values[i]);
      differ &= ~((word)255 << (8 * byte));
    }
  }
  memcpy(cells, values, WIDE);
}

/* Gives the lanes of a column their viewed values, and their keys what that changes. */
static inline void seen(expanded *restrict out, int column, int at, lanes new) {
  typedef word words __attribute__((vector_size(WIDE)));
  const words differ = (words)(*(const lanes *)(out->columns[column] + at) ^ new);
  word any = 0;
  for (int i = 0; i < WIDE / 8; i++) any |= differ[i];
  if (any) changed(out, column, at, new);
}

/*MODEL*/

static void add(expanded *restrict out, int lane) {
  word id = __atomic_fetch_add(&total, 1, __ATOMIC_RELAXED);
  if (id >= capacity) return;
  cell row[ROW];
  for (int c = 0; c < COLUMNS; c++) row[c] = out->columns[c][lane];
  pack(row, states + id * WORDS);
  parents[id] = out->parents[lane];
  steps[id] = out->steps[lane];
  judge(id, row);
}

static expanded *ready(void) {
  expanded *out = aligned_alloc(WIDE, (sizeof(expanded) + WIDE - 1) / WIDE * WIDE);
  memset(out, 0, sizeof *out);
  return out;
}

/* Adds what is new of the first `n` lanes. */
static void flush(expanded *restrict out, int n) {
  key known[LANES];
  out->used = n;
  out->counted += (word)n;
  for (int at = 0; at < n; at += WIDE) view(out, at);
  for (int i = 0; i < n; i++) {
    known[i] = least_key(out->keys[i]);
    __builtin_prefetch(slots + place_of(known[i]), 1, 0);
  }
  for (int i = 0; i < n; i++)
    if (insert(known[i])) add(out, i);
}

/* Readies lanes from `n` on for successors of the row at hand; flushes where there are none left. Returns the next. */
static int more(expanded *restrict out, int n) {
  if (n + WIDE > LANES) {
    flush(out, n);
    n = 0;
  }
  for (int c = 0; c < COLUMNS; c++) memset(out->columns[c] + n, out->row[c], WIDE);
  out->ready = n + WIDE;
  return n;
}

static void start(const cell *restrict row) {
  expanded *out = ready();
  for (int c = 0; c < COLUMNS; c++) out->columns[c][0] = row[c];
  keys_of(row, out->keys[0]);
  flush(out, 1);
  free(out);
}

static void *work(void *counted) {
  expanded *out = ready();
  cell row[ROW];
  key keys[RENAMINGS];
  int n = 0;
  memset(row, 0, sizeof row);
  out->row = row;
  while (violated < 0 && !left_range && __atomic_load_n(&total, __ATOMIC_RELAXED) < limit) {
    word from = __atomic_fetch_add(&following, CLAIM, __ATOMIC_RELAXED);
    if (from >= upper) break;
    word until = from + CLAIM < upper ? from + CLAIM : upper;
    for (word j = from; j < until; j++) {
      unpack(states + j * WORDS, row);
      keys_of(row, keys);
      out->parent = (uint32_t)j;
      out->ready = n;
      n = expand(row, keys, out, n);
    }
  }
  flush(out, n);
  *(word *)counted = out->counted;
  free(out);
  return 0;
}
