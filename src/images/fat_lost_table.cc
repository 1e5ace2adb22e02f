#include "images/fat_lost_table.h"

namespace images {

LostTable::LostTable(const FatBytes& fat) : fat_(fat) {
  constexpr size_t kFewWrong = 16;  // as errors of software leave them
  struct Count {
    size_t entries = 0, ends = 0, used = 0, wrong = 0;
  };
  std::vector<Count> counts(fat.last_block_of_entry(fat.end_of_clusters() - 1) + 1);
  std::vector<bool> is_led_to(fat.end_of_clusters());
  const uint32_t end_mark = first_end_mark(fat.layout()), bad_mark = end_mark - 1;
  for (uint32_t n = 2; n < fat.end_of_clusters(); ++n) {
    const uint32_t next = fat.entry(n);
    Count& count = counts[fat.block_of_entry(n)];
    ++count.entries;
    count.ends += next >= end_mark ? 1 : 0;
    count.used += next != 0 ? 1 : 0;
    if (next == 0 || next >= bad_mark) continue;
    count.wrong += !fat.is_cluster(next) || fat.entry(next) == 0 || is_led_to[next] ? 1 : 0;
    if (fat.is_cluster(next)) is_led_to[next] = true;
  }
  for (const Count& count : counts) {
    const bool is_lost = count.wrong > kFewWrong && count.wrong > count.used / 8;
    const Block uniform = count.used == 0 ? kFree : count.ends == count.entries ? kEnds : kKept;
    blocks_.push_back(is_lost ? kLost : uniform);
  }
}

void LostTable::end_chains(FatBytes& fat) const {
  for (uint32_t n = 2; n < fat.end_of_clusters(); ++n) {
    if (has(n)) fat.set_entry(n, kFatEnd);
  }
}

}  // namespace images
