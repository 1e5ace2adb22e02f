// Files that are there whole or not at all.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "images/replacement.h"

namespace cli {

// As images::OutputFile writes. Returns what was wrong, "PATH: ...", or nothing.
std::string write_file(const std::string& path, std::string_view content,
                       images::Name name = images::Name::kAny);

// Can this file, of this option, be written? To be asked before the long work and not after it. What a link
// leads to, or a device takes, is seen then. No path at all is fine. Returns what was wrong, or nothing.
std::string look_at_output(const std::string& option, const std::string& path);
inline std::string look_at_json(const std::string& path) {
  return look_at_output("--json", path);
}

// Do both names stand for one file, or for one that is not there yet? Not fs::equivalent, which knows no
// pipes.
bool are_one_file(const std::string& a, const std::string& b);

// What a command reads, and what the user knows it as: "the script".
struct Input {
  std::string what;
  std::string path;  // empty: there is none
};

// Would this output, of this option, be written over one of them? Returns what was wrong, or nothing.
std::string refuse_input(const std::string& option, const std::string& output,
                         const std::vector<Input>& inputs);

// What says that a new file's name is taken, unless it is to be replaced; or nothing. Another program may
// take it yet: what writes the file says kNew.
std::string refuse_existing(const std::string& path, bool replaces);
inline images::Name name_for(bool replaces) {
  return replaces ? images::Name::kAny : images::Name::kNew;
}

// Where a command that writes these files says the rest: where one goes to standard output, nothing else
// does.
std::ostream& stream_beside(const std::vector<std::string>& files);

}  // namespace cli
