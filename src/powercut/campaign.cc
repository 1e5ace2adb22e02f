#include "powercut/campaign.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "boards/hardware.h"
#include "sim/image.h"

namespace powercut {

namespace {

// Cells, and which of their sectors are not as in a blank flash.
class Flash {
 public:
  explicit Flash(sim::Cells& cells) : cells_(cells) {}

  sim::Cells& cells() { return cells_; }

  void note(const sim::FlashOperation& operation) {
    uint32_t at = operation.offset;
    do {
      const uint32_t sector = cells_.sector_index(at);
      used_.insert(sector);
      at = cells_.sector_offset(sector) + cells_.sector_size_bytes(sector);
    } while (at < operation.offset + operation.length);
  }

  void become(const Flash& other) {
    used_.insert(other.used_.begin(), other.used_.end());
    for (const uint32_t sector : used_) cells_.copy_sector(other.cells_, sector);
    used_ = other.used_;
    cells_.seed_unstable_reads(0);
  }

  void carry_out(const sim::FlashOperation& operation) {
    note(operation);
    sim::carry_out(operation, cells_);
  }

 private:
  sim::Cells& cells_;
  std::set<uint32_t> used_;
};

// A camera that runs a program or a check, and the record of what that did.
struct Level {
  explicit Level(std::unique_ptr<Target> new_target)
      : target(std::move(new_target)), flash(target->cells()) {}

  std::unique_ptr<Target> target;
  Flash flash;
  sim::Journal journal;
};

// A flash without a camera, which follows a record.
struct Mirror {
  explicit Mirror(const sim::CellPhysics& physics)
      : image(std::get<std::unique_ptr<sim::Image>>(sim::Image::open("", physics))),
        cells(physics, image->memory()),
        flash(cells) {}

  std::unique_ptr<sim::Image> image;
  sim::Cells cells;
  Flash flash;
};

// A damaged filesystem may have names of any bytes.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

class Campaign {
 public:
  Campaign(const std::function<std::unique_ptr<Target>()>& make_target, Scenario& scenario,
           const Options& options)
      : scenario_(scenario), options_(options) {
    for (unsigned i = 0; i <= options.depth; ++i) {
      levels_.push_back(std::make_unique<Level>(make_target()));
      mirrors_.push_back(std::make_unique<Mirror>(physics_of(*levels_[0]->target->board().part)));
    }
  }

  Report run() {
    Level& first = *levels_[0];
    first.target->supply().set_watcher(
        [&first](const sim::FlashOperation& operation) { first.flash.note(operation); });
    scenario_.prepare(*first.target);
    mirrors_[0]->flash.become(first.flash);
    record(first, [this] { return scenario_.progress(); });
    std::string error = scenario_.write(*first.target);
    first.target->supply().set_watcher(nullptr);
    if (error.empty()) error = fault_of(first);
    if (!error.empty()) lose("", error);
    final_progress_ = scenario_.progress();
    cut_everywhere(0, "");
    if (!options_.replay.empty() && !has_replayed_) lose(options_.replay, "there is no such case");
    return std::move(report_);
  }

 private:
  static void record(Level& level, std::function<uint64_t()> progress) {
    level.journal.clear();
    level.target->supply().set_watcher([&level, progress](const sim::FlashOperation& operation) {
      level.flash.note(operation);
      level.journal.add(operation, progress());
    });
  }

  // Cuts what level `n` did, from the state of its mirror on, and looks with the camera of the next level.
  void cut_everywhere(unsigned n, const std::string& path) {
    const sim::Journal& journal = levels_[n]->journal;
    Flash& flash = mirrors_[n]->flash;
    size_t done = 0;
    for (const sim::Cut& cut : cuts_of(journal, n)) {
      for (; done < cut.operation; ++done) flash.carry_out(journal.operation(done));
      const std::string replay = path.empty() ? to_string(cut) : path + "/" + to_string(cut);
      if (n == 0) moment_.emplace(Moment{journal, cut, progress_at(journal, cut), 1});
      if (is_wanted(replay)) try_cut(n, cut, replay);
      has_replayed_ = has_replayed_ || replay == options_.replay;
    }
  }

  void try_cut(unsigned n, const sim::Cut& cut, const std::string& replay) {
    const sim::Journal& journal = levels_[n]->journal;
    Level& next = *levels_[n + 1];
    const bool goes_deeper = n + 1 < options_.depth;
    next.target->supply().set_watcher(
        [&next](const sim::FlashOperation& operation) { next.flash.note(operation); });
    next.flash.become(mirrors_[n]->flash);
    if (cut.operation < journal.size()) {
      cut_within(journal.operation(cut.operation), cut, next.target->supply(), next.flash.cells());
    }
    next.target->power_off();
    if (goes_deeper) mirrors_[n + 1]->flash.become(next.flash);
    record(next, [] { return 0; });
    moment_->depth = n + 1;
    std::string error = boot_and_check(*next.target);
    next.target->supply().set_watcher(nullptr);
    if (error.empty()) error = fault_of(next);
    ++report_.cuts;
    if (!error.empty()) return lose(replay, error);
    if (goes_deeper) cut_everywhere(n + 1, replay);
  }

  std::string boot_and_check(Target& target) {
    if (const flash::Status status = target.power_on(); !status.ok()) {
      return "the flash does not come up: error " + std::to_string(-status.value());
    }
    return scenario_.check(target, *moment_);
  }

  // What went wrong below the storage.
  static std::string fault_of(const Level& level) {
    const boards::Area& storage = level.target->board().storage();
    for (size_t i = 0; i < level.journal.size(); ++i) {
      const sim::FlashOperation operation = level.journal.operation(i);
      if (operation.offset < storage.offset ||
          !flash::in_range(operation.offset - storage.offset, operation.length, storage.size_bytes)) {
        return "operation " + std::to_string(i) + " is outside the storage";
      }
    }
    return level.target->misuse();
  }

  std::vector<sim::Cut> cuts_of(const sim::Journal& journal, unsigned n) const {
    const size_t at_most = n == 0 ? options_.cuts : options_.inner_cuts;
    return select_cuts(journal, {.torn = options_.torn,
                                 .seed = options_.seed,
                                 .at_most = options_.replay.empty() ? at_most : SIZE_MAX});
  }

  uint64_t progress_at(const sim::Journal& journal, const sim::Cut& cut) const {
    return cut.operation < journal.size() ? journal.mark(cut.operation) : final_progress_;
  }

  // Either the case that is asked for, or a cut on the way to it.
  bool is_wanted(const std::string& replay) const {
    return options_.replay.empty() || options_.replay == replay || options_.replay.starts_with(replay + "/");
  }

  void lose(const std::string& replay, const std::string& error) {
    constexpr size_t kShown = 10;
    ++report_.lost;
    if (report_.failures.size() < kShown) report_.failures.push_back({replay, printable(error)});
  }

  Scenario& scenario_;
  const Options& options_;
  std::vector<std::unique_ptr<Level>> levels_;
  std::vector<std::unique_ptr<Mirror>> mirrors_;
  std::optional<Moment> moment_;
  uint64_t final_progress_ = 0;
  bool has_replayed_ = false;
  Report report_;
};

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Options from_environment(Options options) {
  const std::string size = variable("PYBFLASH_POWERCUT");
  if (size == "quick") options.cuts = std::max<size_t>(options.cuts / 16, 1);
  if (size == "long") options.cuts = options.inner_cuts = SIZE_MAX;
  if (const std::string seed = variable("PYBFLASH_POWERCUT_SEED"); !seed.empty()) {
    options.seed = static_cast<uint32_t>(std::strtoul(seed.c_str(), nullptr, 10));
  }
  options.replay = variable("PYBFLASH_POWERCUT_REPLAY");
  return options;
}

Report run(const std::function<std::unique_ptr<Target>()>& make_target, Scenario& scenario,
           const Options& options) {
  return Campaign(make_target, scenario, options).run();
}

}  // namespace powercut
