// Users of a filesystem: random programs, and what must be left of their files.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "boards/board.h"
#include "powercut/campaign.h"
#include "powercut/history.h"
#include "powercut/volume_program.h"
#include "volumes/block_device.h"
#include "volumes/volume.h"

namespace powercut {

// A filesystem and what it stands on, made anew whenever the power has come on.
struct VolumeStack {
  // Null: the device does not come up.
  std::function<std::unique_ptr<volumes::BlockDevice>(Target&)> make_device;
  std::function<std::unique_ptr<volumes::Volume>(volumes::BlockDevice&)> make_volume;

  // Is a byte of the device the same byte of the storage? Then the blocks are looked at, too.
  bool is_storage = true;

  // Does a cut leave each step done, or not begun? Else the files that the step names may hold anything.
  bool is_atomic = false;

  // Which cuts may damage more than that?
  enum class Exposure {
    kNone,
    kRewriting,  // those that came while a sector was rewritten in place, or tore a word with ECC
    kFlush,      // those, and all between the operations of a flush, which takes blocks in any order
  };
  Exposure exposure = Exposure::kRewriting;
};

// On external flash a block of littlefs is an erase sector, and it writes only to blocks that nothing needs
// any more. On internal flash many of its blocks share a sector, which is rewritten in place and in no order.
VolumeStack littlefs_on_storage(const boards::Board& board);
VolumeStack fat_on_storage();

// What of a storage of that size a program fills.
VolumeLoad load_for(uint32_t storage_bytes);

class VolumeScenario final : public Scenario {
 public:
  VolumeScenario(const boards::Board& board, VolumeStack stack, const VolumeLoad& load, uint32_t seed);

  void prepare(Target& target) override;
  std::string write(Target& target) override;
  uint64_t progress() const override { return history_.calls(); }

  // The volume mounts; every step that had returned is there, and nothing else; it takes a new file. Where
  // it may be lost, that is counted. The boot would not take it for a blank storage and format it.
  std::string check(Target& target, const Moment& moment) override;

  struct Losses {
    uint64_t exposed = 0;  // cuts that might damage anything (VolumeStack::Exposure)
    uint64_t volumes = 0;  // did not mount
    uint64_t files = 0;    // mounted, and a file was damaged that the program did not write to then
    uint64_t blank = 0;    // of the volumes: nothing at all was left, and the boot would make a new one
  };
  const Losses& losses() const { return losses_; }

 private:
  class Session;

  size_t steps_done(const Moment& moment) const;
  bool is_exposed(const Moment& moment) const;
  std::string look(Target& target, const Moment& moment);
  std::string compare(Tree found, const Moment& moment) const;
  std::string compare_atomic(const Tree& found, size_t done) const;
  std::string compare_others(const Tree& found, size_t done) const;
  std::string use(Target& target, const Moment& moment);

  const boards::Board& board_;
  VolumeStack stack_;
  std::vector<Step> steps_;
  std::vector<Tree> trees_;      // after so many steps
  std::vector<uint64_t> calls_;  // of the device, after so many steps
  History history_;
  Losses losses_;
};

}  // namespace powercut
