// What is where on a chip: every 512 bytes of it by content and owner, every erase sector by wear.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "boards/board.h"
#include "sim/cells.h"

namespace chipmap {

// The smallest block of any filesystem here; every erase sector and every area of a board is a multiple.
inline constexpr uint32_t kUnitBytes = 512;

enum class Content : uint8_t {
  kOutside,    // firmware, ROMFS, ...: nothing that Python may touch
  kBlank,      // erased, and nobody's
  kStale,      // free for the filesystem, with bytes of before in it
  kOutdated,   // nobody needs it any more, but what it lies in is not free yet: in the log of a layer
  kFile,       //
  kDirectory,  //
  kMetadata,   // superblocks, allocation tables
  kUnknown,    // data of no known filesystem, or of no file
  kDamaged,    // does not read back: an uncorrectable ECC error, or marked so by the filesystem
};
inline constexpr size_t kContentCount = 9;

// What a storage can hold, as legends list it.
inline constexpr std::array kContentsOfStorage = {Content::kFile,    Content::kDirectory, Content::kMetadata,
                                                  Content::kUnknown, Content::kOutdated,  Content::kStale,
                                                  Content::kBlank,   Content::kDamaged};

// "file", "unknown data", ...: for legends.
std::string_view name_of(Content content);

// Whose bytes these are: a file or directory by its path, or a part of the filesystem.
struct Owner {
  std::string name;
  uint64_t size_bytes = 0;  // of a file
  bool is_damaged = false;  // what the filesystem knows of its place does not hold
};
inline constexpr uint32_t kNobody = 0;  // the owner that nothing belongs to

struct Unit {
  Content content = Content::kOutside;
  uint32_t owner = kNobody;

  friend bool operator==(const Unit&, const Unit&) = default;
};

// How much of its log a translation layer uses. Segments are used in turn, like the places of a ring.
struct LogUse {
  uint32_t segment_bytes = 0;
  uint32_t segments = 0;
  uint32_t tail = 0;  // the first segment that is in use; segments
  uint32_t used_segments = 0;
  uint32_t blocks = 0;
  uint32_t live_blocks = 0;  // that hold something
};

// A filesystem that was found, or a translation layer with what is on it; offsets count from the start of
// the chip.
struct Volume {
  std::string kind;  // "FAT16", "littlefs v2", "FAT16 on a translation layer"
  uint32_t offset = 0;
  uint32_t size_bytes = 0;
  std::optional<LogUse> log;  // of a translation layer
};

struct Sector {
  uint32_t offset = 0;
  uint32_t size_bytes = 0;
  uint32_t wear = 0;  // erases over the image's life
};

// How many folders deep a volume is looked at. Each one is found from the root again, and takes some of the
// stack. A FAT that is damaged may lead on for as many folders as it has clusters.
inline constexpr unsigned kMaxFolderDepth = 256;
inline constexpr const char* kLiesTooDeep = "more than 256 folders deep; not looked at";

class ChipMap {
 public:
  // Blank units, unknown ones, and what lies outside the storage; `memory` is the whole chip.
  ChipMap(const boards::Board& board, const sim::CellMemory& memory);

  const boards::Board& board() const { return *board_; }
  std::span<const uint8_t> bytes() const { return bytes_; }
  std::span<const Unit> units() const { return units_; }
  std::span<const Sector> sectors() const { return sectors_; }
  std::span<const Owner> owners() const { return owners_; }
  std::span<const Volume> volumes() const { return volumes_; }
  std::span<const std::string> faults() const { return faults_; }  // one line each
  std::span<const std::string> unseen() const { return unseen_; }  // the same, for what was not looked at
  bool has_wear() const { return has_wear_; }

  // The sector that holds byte `offset` of the chip.
  const Sector& sector_at(uint32_t offset) const;
  bool is_storage(const Sector& sector) const;
  bool is_blank(uint32_t offset, uint32_t length) const;

  // For those who read filesystems.
  uint32_t add_owner(std::string name, uint64_t size_bytes = 0);
  void add_volume(Volume volume);  // its bytes that are not blank become stale, until they are claimed
  void add_fault(const std::string& fault);
  // Of a folder that lies deeper than that.
  void add_unseen(const std::string& folder);
  void set_damaged(uint32_t owner) { owners_[owner].is_damaged = true; }
  // The units that the range touches. What lies outside the chip is left out.
  void claim(uint32_t offset, uint32_t length, Content content, uint32_t owner);
  // Words whose ECC does not hold: their units are damaged, whoever owns them.
  void mark_damage(const sim::CellMemory& memory);

 private:
  const boards::Board* board_;
  std::span<const uint8_t> bytes_;
  std::vector<Unit> units_;
  std::vector<Sector> sectors_;
  std::vector<Owner> owners_ = {Owner{}};
  std::vector<Volume> volumes_;
  std::vector<std::string> faults_, unseen_;
  bool has_wear_;
};

// Where a filesystem lies: its bytes one after another, and a claim on some of them, wherever they are.
struct Place {
  std::span<const uint8_t> bytes;
  std::function<void(uint32_t offset, uint32_t length, Content content, uint32_t owner)> claim;
};

// Looks through the storage for filesystems and enters what they hold.
ChipMap survey(const boards::Board& board, const sim::CellMemory& memory);

// Units of each kind in the storage, and what they sum up to.
struct Totals {
  std::array<uint64_t, kContentCount> bytes = {};
  uint64_t erases = 0;            // of the storage's sectors
  std::vector<uint32_t> hottest;  // indices of sectors, most worn first, none without wear
};
Totals totals_of(const ChipMap& map, size_t hottest_count);

}  // namespace chipmap
