#include "cli/powercut/walker.h"

#include <algorithm>
#include <sstream>
#include <variant>

namespace cli::powercut {

namespace {

CutPath operator/(const CutPath& path, const sim::Cut& cut) {
  CutPath longer = path;
  longer.push_back(cut);
  return longer;
}

std::string what_happens(const sim::FlashOperation& operation) {
  std::ostringstream text;
  text << "the " << (operation.kind == sim::Operation::kProgram ? "program" : "erase") << " of "
       << operation.length << " bytes at 0x" << std::hex << operation.offset << " of the chip";
  return text.str();
}

// When the power goes, for a person.
std::string moment_of(const sim::Journal& journal, const sim::Cut& cut) {
  if (cut.operation == journal.size()) return "after everything";
  const std::string what = what_happens(journal.operation(cut.operation));
  switch (cut.tear) {
    case sim::Tear::kBefore:
      return "before " + what;
    case sim::Tear::kAfter:
      return "after " + what;
    case sim::Tear::kPrefix:
      return "within " + what + ": the first bytes are done";
    case sim::Tear::kBits:
      return "within " + what + ": some of the bits are done";
    case sim::Tear::kFaint:
      return "near the end of " + what + ": some bits are unstable";
    case sim::Tear::kZeroing:
      return "within " + what + ": old, zero and unstable bits";
    case sim::Tear::kErasing:
      return "within " + what + ": old, erased and unstable bits";
    case sim::Tear::kWeak:
      return "near the end of " + what + ": some bits are unstable";
  }
  return what;
}

// Why there is no such cut; empty if there is.
std::string obstacle_to(const sim::Journal& journal, const sim::Cut& cut) {
  const std::string count = std::to_string(journal.size());
  if (cut.operation > journal.size()) return "there were only " + count + " operations";
  if (cut.operation == journal.size()) {
    return cut.tear == sim::Tear::kBefore ? "" : "operation " + count + " is the end";
  }
  const sim::FlashOperation operation = journal.operation(cut.operation);
  return is_possible(cut.tear, operation.kind)
             ? ""
             : "at operation " + std::to_string(cut.operation) + " is " + what_happens(operation);
}

}  // namespace

std::string to_string(const CutPath& path) {
  std::string text;
  for (const sim::Cut& cut : path) text += (text.empty() ? "" : "/") + sim::to_string(cut);
  return text;
}

std::vector<sim::Cut> cuts_of(const sim::Journal& journal, const Options& options) {
  return select_cuts(journal, {.torn = options.torn, .seed = options.seed, .at_most = options.cuts});
}

void Walker::walk(const Recording& recording, const std::vector<sim::Cut>& cuts, const CutPath& path) {
  operations_done_ = 0;
  for (const sim::Cut& cut : cuts) {
    advance(recording.journal, cut.operation);
    try_cut(recording, cut, path / cut);
    if (path.empty()) events_.send({Event::Kind::kDone});
  }
}

void Walker::advance(const sim::Journal& journal, uint64_t operation) {
  for (; operations_done_ < operation; ++operations_done_) {
    carry_out(journal.operation(operations_done_), host_.camera().cells());
  }
}

void Walker::try_cut(const Recording& recording, const sim::Cut& cut, const CutPath& path) {
  const std::vector<std::string> notes = recording.notes_before(cut);
  if (path.size() < options_.depth) {
    const Ending ending = run_child({}, [&] {
      lose_power(recording, cut);
      go_deeper(notes, path);
      return 0;
    });
    if (!ending.ok()) report(ending, path);
    return;
  }
  report(run_child(host_.child_options(),
                   [&] {
                     lose_power(recording, cut);
                     return host_.check_here(notes);
                   }),
         path);
}

void Walker::go_deeper(const std::vector<std::string>& notes, const CutPath& path) {
  Recording recording;
  const Ending ending = host_.record_check(notes, recording);
  report(ending, path);
  if (!ending.ok()) return;
  host_.camera().supply().switch_on();
  walk(recording, cuts_of(recording.journal, options_), path);
}

void Walker::replay(const Recording& recording, size_t step) {
  const sim::Cut cut = options_.replay[step];
  const CutPath path(options_.replay.begin(), options_.replay.begin() + static_cast<ptrdiff_t>(step) + 1);
  if (const std::string obstacle = obstacle_to(recording.journal, cut); !obstacle.empty()) {
    return cannot(path, "there is no cut " + to_string(path) + ": " + obstacle);
  }
  operations_done_ = 0;
  advance(recording.journal, cut.operation);
  out_ << "The power goes " << moment_of(recording.journal, cut) << ".\n" << std::flush;
  const std::vector<std::string> notes = recording.notes_before(cut);
  run_child({}, [&] {
    lose_power(recording, cut);
    save_image(path);
    Recording next;
    const Ending ending = host_.record_check(notes, next);
    out_ << ending.output << std::flush;
    if (!ending.ok() || path.size() == options_.replay.size()) {
      report(ending, path);
    } else {
      host_.camera().supply().switch_on();
      replay(next, step + 1);
    }
    return 0;
  });
}

// What the cells keep, with their wear and their broken words. That of a second cut takes the first one's
// place.
void Walker::save_image(const CutPath& path) {
  if (options_.save.empty()) return;
  const sim::CellMemory left = host_.camera().memory();
  const auto image = boards::Camera::open(host_.camera().board(), options_.save);
  if (const auto* error = std::get_if<std::string>(&image)) return cannot(path, *error);
  const sim::CellMemory saved = std::get<0>(image)->memory();
  std::copy(left.bytes.begin(), left.bytes.end(), saved.bytes.begin());
  std::copy(left.wear.begin(), left.wear.end(), saved.wear.begin());
  std::copy(left.broken_words.begin(), left.broken_words.end(), saved.broken_words.begin());
}

void Walker::cannot(const CutPath& path, const std::string& why) {
  events_.send({Event::Kind::kCannot, to_string(path), why});
}

// Leaves the camera without power, and the flash as the cut left it.
void Walker::lose_power(const Recording& recording, const sim::Cut& cut) {
  boards::Camera& camera = host_.camera();
  if (cut.operation < recording.journal.size()) {
    cut_within(recording.journal.operation(cut.operation), cut, camera.supply(), camera.cells());
  }
  camera.power_off();
}

void Walker::report(const Ending& ending, const CutPath& path) {
  const auto kind = ending.ok() ? Event::Kind::kSurvived : Event::Kind::kLost;
  events_.send({kind, to_string(path), ending.error(options_.check_script)});
}

}  // namespace cli::powercut
