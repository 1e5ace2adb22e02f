// A campaign: one program, and the power cut at every operation of the flash.
//
// The program runs once, and what it does to the flash is recorded. Then each cut is made from the record:
// another camera gets the flash as the cut would have left it, is switched on, and looks at what there is.
// Looking may change the flash (a filesystem mends itself), and with depth 2 the power goes there, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "powercut/target.h"
#include "sim/journal.h"
#include "sim/power_supply.h"

namespace powercut {

// When the power went, in the program that was recorded.
struct Moment {
  const sim::Journal& journal;
  sim::Cut cut;       // cut.operation == journal.size(): after everything
  uint64_t progress;  // as the program had noted it
  unsigned depth;     // cuts so far: 1 in the program, 2 in the check that followed as well
};

class Scenario {
 public:
  virtual ~Scenario() = default;

  // What the camera holds before the program starts.
  virtual void prepare(Target&) {}

  // The program. Returns what went wrong, or nothing.
  virtual std::string write(Target&) = 0;

  // How far the program has come: noted with each operation, and at the end.
  virtual uint64_t progress() const = 0;

  // After the power has come back. Returns what is wrong, or nothing. May be cut and started again.
  virtual std::string check(Target&, const Moment&) = 0;
};

struct Options {
  bool torn = true;
  unsigned depth = 1;
  uint32_t seed = 1;
  size_t cuts = SIZE_MAX;        // of the program, at most
  size_t inner_cuts = SIZE_MAX;  // of each check
  std::string replay = {};       // only these cuts: "41b7", "41b7/2e1"
};

// What the environment says about the options of a test: PYBFLASH_POWERCUT=long tries every cut instead of
// some, =quick only a few; PYBFLASH_POWERCUT_SEED=N tries other tears and other programs,
// PYBFLASH_POWERCUT_REPLAY=STRING one case.
Options from_environment(Options options);

struct Failure {
  std::string replay;  // empty: not a cut, but the program
  std::string error;
};

struct Report {
  uint64_t cuts = 0;
  uint64_t lost = 0;
  std::vector<Failure> failures;  // the first ones
};

// Besides what the scenario finds wrong, these are: a driver that misuses its hardware, and an operation
// outside the board's storage, where bootloader and firmware are.
Report run(const std::function<std::unique_ptr<Target>()>& make_target, Scenario& scenario,
           const Options& options);

}  // namespace powercut
