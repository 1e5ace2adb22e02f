#include "chipmap/changes.h"

#include <algorithm>

#include "chipmap/words.h"

namespace chipmap {

namespace {

Change change_of(std::span<const uint8_t> before, std::span<const uint8_t> after) {
  if (std::equal(before.begin(), before.end(), after.begin())) return Change::kNone;
  const auto is_erased = [](uint8_t byte) { return byte == 0xFF; };
  if (std::all_of(after.begin(), after.end(), is_erased)) return Change::kErased;
  if (std::all_of(before.begin(), before.end(), is_erased)) return Change::kFilled;
  for (size_t i = 0; i < before.size(); ++i) {
    if ((after[i] & ~before[i]) != 0) return Change::kRewritten;
  }
  return Change::kProgrammed;
}

void count_sectors(Changes& changes, const ChipMap& after) {
  for (size_t i = 0; i < after.sectors().size(); ++i) {
    const Sector& sector = after.sectors()[i];
    const auto first = changes.units.begin() + sector.offset / kUnitBytes;
    const bool is_changed = std::any_of(first, first + sector.size_bytes / kUnitBytes,
                                        [](Change change) { return change != Change::kNone; });
    if (is_changed) ++changes.changed_sectors;
    if (changes.wear_added[i] != 0) ++changes.worn_sectors;
    changes.erases += changes.wear_added[i];
  }
}

}  // namespace

std::string_view name_of(Change change) {
  constexpr std::array<std::string_view, kChangeCount> kNames = {"unchanged", "new data in blank flash",
                                                                 "programmed further", "rewritten", "erased"};
  return kNames[static_cast<size_t>(change)];
}

Changes compare(const ChipMap& before, const ChipMap& after) {
  Changes changes;
  for (size_t i = 0; i < after.units().size(); ++i) {
    const Change change = change_of(before.bytes().subspan(i * kUnitBytes, kUnitBytes),
                                    after.bytes().subspan(i * kUnitBytes, kUnitBytes));
    changes.units.push_back(change);
    changes.bytes[static_cast<size_t>(change)] += kUnitBytes;
  }
  changes.has_wear = before.has_wear() && after.has_wear();
  changes.wear_added.resize(after.sectors().size());
  for (size_t i = 0; changes.has_wear && i < after.sectors().size(); ++i) {
    const uint32_t was = before.sectors()[i].wear, is = after.sectors()[i].wear;
    if (is < was) changes.counters_went_back = true;
    changes.wear_added[i] = is < was ? is : is - was;
  }
  count_sectors(changes, after);
  return changes;
}

std::string sentence_of(const Changes& changes) {
  const std::string changed = in_groups(changes.changed_sectors) + " sectors changed";
  if (!changes.has_wear) return changed + "; how often they were erased is not known";
  return changed + ", " + in_groups(changes.worn_sectors) + " were erased, " + in_groups(changes.erases) +
         " erases in all";
}

}  // namespace chipmap
