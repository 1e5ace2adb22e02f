// Walks through what the writer did to the flash, and cuts the power.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/output_file.h"
#include "cli/powercut/events.h"
#include "cli/powercut/options.h"
#include "cli/powercut/recording.h"
#include "cli/powercut/script_host.h"

namespace cli::powercut {

// The cuts that the options ask for, of what was recorded.
std::vector<sim::Cut> cuts_of(const sim::Journal& journal, const Options& options);

class Walker {
 public:
  Walker(ScriptHost& host, const Options& options, const EventPipe& events)
      : host_(host), options_(options), events_(events), out_(stream_beside({options.json})) {}

  // Tries cuts of the recording, which come in the order of its operations. The flash is as it was when
  // the recording began; it goes along.
  void walk(const Recording& recording, const std::vector<sim::Cut>& cuts, const CutPath& path = {});

  // Tries one case, and prints what the scripts print after the cuts.
  void replay(const Recording& recording, size_t step = 0);

 private:
  void advance(const sim::Journal& journal, uint64_t operation);
  void save_image(const CutPath& path);
  void cannot(const CutPath& path, const std::string& why);
  void try_cut(const Recording& recording, const sim::Cut& cut, const CutPath& path);
  void go_deeper(const std::vector<std::string>& notes, const CutPath& path);
  void lose_power(const Recording& recording, const sim::Cut& cut);
  void report(const Ending& ending, const CutPath& path);

  ScriptHost& host_;
  const Options& options_;
  const EventPipe& events_;
  std::ostream& out_;
  uint64_t operations_done_ = 0;
};

}  // namespace cli::powercut
