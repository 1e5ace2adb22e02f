// The memory cells of a NOR flash and their physics. Every chip and controller model keeps its array
// in one of these, so that wear, statistics, faults and images are the same thing everywhere.
//
// Cells know nothing of time, buses or commands: the models around them do.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "sim/noise.h"

namespace sim {

class PowerSupply;
struct Cut;

struct SectorRun {
  uint32_t sector_size_bytes;
  uint32_t sector_count;
};

struct CellPhysics {
  std::vector<SectorRun> sectors;

  // Smallest piece a program may address: offset and length are multiples of it.
  uint32_t word_bytes = 1;

  // Words carry ECC over their whole width: programming one that is not blank breaks its code, and it
  // reads as a double error until its sector is erased (STM32H7, 32 bytes; RM0399 4.3.9).
  bool ecc = false;
};

struct Stats {
  uint64_t reads = 0;
  uint64_t programs = 0;
  uint64_t erases = 0;  // sectors, however many one command took
  uint64_t bytes_read = 0;
  uint64_t bytes_programmed = 0;

  friend Stats operator-(Stats a, const Stats& b);
  friend bool operator==(const Stats&, const Stats&) = default;
};

// Bits that a cut left half way, which read now as 0, now as 1: by the number of the sector, a mask
// over its bytes.
using UnstableBits = std::map<uint32_t, std::vector<uint8_t>>;

// Where cells keep what outlives a power cycle: RAM, or files mapped into memory.
struct CellMemory {
  std::span<uint8_t> bytes;         // the content, as large as all sectors
  std::span<uint32_t> wear;         // one counter a sector; empty: the cells keep their own
  std::span<uint8_t> broken_words;  // one bit a word whose ECC does not hold; empty: the cells keep their own
  UnstableBits* unstable_bits = nullptr;  // null: the cells keep their own
};

enum class Operation { kRead, kProgram, kErase };

enum class CellResult {
  kOk,
  kFailed,    // an injected fault: the operation stopped half way; or there is no power (any more)
  kEccError,  // a read met a word whose ECC does not hold
};

// Decides before each operation whether it fails. `index` counts operations of that kind from 0.
// A failing program writes the first half of its bytes; a word with ECC that this tears reads as a double
// error. A failing erase leaves the first half of its sector at 0xFF and the rest as it was. A failing
// read delivers nothing.
using FaultHook = std::function<bool(Operation operation, uint64_t index, uint32_t offset)>;

class Cells {
 public:
  Cells(CellPhysics physics, CellMemory memory);
  Cells(CellPhysics physics, std::span<uint8_t> bytes)
      : Cells(std::move(physics), CellMemory{bytes, {}, {}}) {}

  uint32_t size_bytes() const;
  uint32_t sector_count() const;
  uint32_t sector_index(uint32_t offset) const;
  uint32_t sector_offset(uint32_t index) const;
  uint32_t sector_size_bytes(uint32_t index) const;

  // Misuse (a range outside, a partial word, half a sector) ends the program with file and line.
  [[nodiscard]] CellResult read(uint32_t offset, std::span<uint8_t> out);
  [[nodiscard]] CellResult program(uint32_t offset, std::span<const uint8_t> data);  // clears bits
  [[nodiscard]] CellResult erase(uint32_t offset, uint32_t length);

  // A look at the content that is no operation of the hardware: no statistics, no faults.
  std::span<const uint8_t> bytes() const { return bytes_; }
  bool has_ecc_error(uint32_t offset) const;

  const Stats& stats() const { return stats_; }
  std::span<const uint32_t> wear() const { return wear_; }  // erases of each sector, over the image's life
  uint32_t max_wear() const;

  void set_fault_hook(FaultHook hook) { fault_hook_ = std::move(hook); }

  // Where the power comes from; null: it never fails. Without power nothing changes, and every operation
  // fails.
  void connect(PowerSupply* supply) { supply_ = supply; }

  // What unstable bits are read as from now on. A cut sets it, too.
  void seed_unstable_reads(uint64_t seed) { noise_ = Noise(seed); }

  // The content of a sector and all that is the matter with it, from other cells of the same physics.
  void copy_sector(const Cells& other, uint32_t index);

 private:
  bool has_power() const;
  void program_cells(uint32_t offset, std::span<const uint8_t> data);
  CellResult erase_sector(uint32_t sector, uint32_t rest_of_command);
  void program_ecc_word(uint32_t offset, std::span<const uint8_t> data);
  void erase_cells(uint32_t offset, uint32_t length);
  bool is_broken(uint32_t word) const { return (broken_words_[word / 8] >> (word % 8) & 1) != 0; }
  void set_broken(uint32_t word, bool broken);

  // cells_tear.cc: what remains when the power goes
  void tear_program(uint32_t offset, std::span<const uint8_t> data, const Cut& cut);
  void program_faintly(uint32_t offset, std::span<const uint8_t> data, Noise& noise);
  void tear_erase(uint32_t offset, uint32_t length, const Cut& cut);
  void tear_sector(uint32_t sector, const Cut& cut, Noise& noise);
  void tear_ecc_sector(uint32_t sector, const Cut& cut, Noise& noise);
  void disturb(uint32_t offset, std::span<uint8_t> out);
  void make_firm(uint32_t offset, std::span<const uint8_t> data);

  CellPhysics physics_;
  std::span<uint8_t> bytes_;
  std::vector<uint32_t> sector_offsets_;
  std::vector<uint32_t> own_wear_;
  std::vector<uint8_t> own_broken_words_;
  UnstableBits own_unstable_bits_;
  std::span<uint32_t> wear_;
  std::span<uint8_t> broken_words_;
  UnstableBits* unstable_bits_;
  uint32_t broken_count_ = 0;
  Noise noise_{0};  // of the unstable bits
  Stats stats_;
  FaultHook fault_hook_;
  PowerSupply* supply_ = nullptr;
};

}  // namespace sim
