// What a script did to the flash, as the process that ran it hands it to the one that cuts it.
#pragma once

#include <string>
#include <vector>

#include "sim/journal.h"
#include "sim/power_supply.h"

namespace cli::powercut {

struct Recording {
  sim::Journal boot;     // before the script: not cut
  sim::Journal journal;  // the mark of an operation is the number of notes that had been made
  std::vector<std::string> notes;

  // Those that had been made when the power went.
  std::vector<std::string> notes_before(const sim::Cut& cut) const;
};

// Through a file that is empty before. False if it has no room.
bool save(const Recording& recording, int fd);
Recording load(int fd);

}  // namespace cli::powercut
