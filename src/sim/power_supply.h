// The supply of the flash, which can fail at any program and at any erase.
//
// Cells that are connected to a supply ask it before they change. Once the power is gone they neither
// change nor answer until it is back, so code that runs on after a cut can do no harm: all it meets are
// errors. Whoever owns the supply then takes the camera through a power cycle.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sim/cells.h"

namespace sim {

// A program, or the erase of one sector, as it is about to happen.
struct FlashOperation {
  Operation kind;
  uint32_t offset;
  uint32_t length;                // an erase: of all that its command still has to erase, this sector first
  std::span<const uint8_t> data;  // a program's
  bool fails = false;             // an injected fault will stop it half way
};

// How far an operation was when the power went. The letters are those of a replay string.
enum class Tear : char {
  kBefore = 0,     // it had not begun
  kAfter = 'a',    // it was over, and nothing had come after it
  kPrefix = 'p',   // a program whose first bytes were done
  kBits = 'b',     // a program: some of the bits on their way to 0 were there
  kFaint = 'f',    // a program near its end: all of its bits read as 0, but some of them not always
  kZeroing = 'z',  // an erase while it still programmed everything to 0: old, 0 and unstable bits
  kErasing = 'e',  // an erase: old, erased and unstable bits
  kWeak = 'w',     // an erase near its end: everything looks erased, but some bits are unstable
};

struct Cut {
  uint64_t operation = 0;  // which one: 0 is the next
  Tear tear = Tear::kBefore;
  uint32_t seed = 0;  // of all that is random about the tear

  friend bool operator==(const Cut&, const Cut&) = default;
};

// Can the power go so in an operation of this kind?
bool is_possible(Tear tear, Operation kind);

// A replay string: "41" before the operation 41, "41b7" within it.
std::string to_string(const Cut& cut);
std::optional<Cut> parse_cut(std::string_view text);

class PowerSupply {
 public:
  PowerSupply() = default;
  PowerSupply(const PowerSupply&) = delete;
  PowerSupply& operator=(const PowerSupply&) = delete;

  bool is_on() const { return is_on_; }
  void switch_on() { is_on_ = true; }
  void switch_off() { is_on_ = false; }

  // The power will go by itself, once. The operations are counted from now on.
  void cut_at(const Cut& cut) { coming_cut_ = cut; }
  void cancel_cut() { coming_cut_.reset(); }

  // Told of every operation before it happens; not of those that meet no power.
  void set_watcher(std::function<void(const FlashOperation&)> watcher) { watcher_ = std::move(watcher); }

  // Called when a cut has come, after it has left its traces in the cells. Code of the camera is still on
  // the stack: do not throw.
  void set_on_cut(std::function<void()> on_cut) { on_cut_ = std::move(on_cut); }

  // For cells: what `begin` returns is how the power goes in this operation. Then they take `end_cut`.
  std::optional<Cut> begin(const FlashOperation& operation);
  void end_cut();

 private:
  bool is_on_ = true;
  std::optional<Cut> coming_cut_;
  std::function<void(const FlashOperation&)> watcher_;
  std::function<void()> on_cut_;
};

}  // namespace sim
