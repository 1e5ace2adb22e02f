// `pybflash forecast`: what a script that runs every day does to the flash over the years.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <list>
#include <memory>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "boards/board.h"
#include "chipmap/json.h"
#include "chipmap/words.h"
#include "cli/camera_options.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/projection.h"
#include "cli/script_runs.h"
#include "cli/table.h"
#include "images/image.h"
#include "images/temporary_name.h"
#include "images/words.h"

namespace cli {

namespace {

constexpr const char* kForecastFooter =
    "The script runs on a simulated camera, once for each filesystem, with that filesystem at /flash. The\n"
    "storage was full of old data before it was formatted, as on a camera that is in use. The script runs\n"
    "until its cost is steady, and then as often as --runs says; those runs are counted. Boot and mount\n"
    "are part of each. What it prints is not shown.\n"
    "\n"
    "Example:\n"
    "  pybflash forecast --board OPENMV4P --script day.py --times-per-day 24";

struct Variant {
  const char* name;
  Filesystem filesystem;
};
constexpr std::array kVariants = {Variant{"FAT", Filesystem::kFat},
                                  Variant{"littlefs", Filesystem::kLittlefs},
                                  Variant{"FAT on flash.Ftl", Filesystem::kFatOnLayer}};

constexpr int kMostWarmUpRuns = 10;
constexpr int kMostRuns = 10000;

struct ForecastOptions {
  std::string board = "OPENMV4P";
  std::string script;
  std::vector<std::string> arguments;
  double times_per_day = 0;
  int runs = 30;
  std::string json;
};

struct Outcome {
  const Variant* variant;
  std::string failure;  // empty: there is a projection
  int warm_up_runs = 0;
  bool is_steady = false;
  Projection projection;
  uint32_t hottest_offset = 0;
};

// A folder for an image, which goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const images::NoInterruption now;  // between the folder and its names
    std::error_code code;
    std::string pattern = std::filesystem::temp_directory_path(code) / "pybflash-XXXXXX";
    if (!code && mkdtemp(pattern.data()) == nullptr) code.assign(errno, std::generic_category());
    if (code) {
      error_ = code.message();
      return;
    }
    path_ = pattern;
    for (const std::string& name : {image(), images::wear_path(image()), path_}) names_.emplace_back(name);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }    // empty: there is none
  const std::string& error() const { return error_; }  // why there is none
  std::string image() const { return path_ + "/cam.bin"; }

 private:
  std::string path_, error_;
  std::list<images::TemporaryName> names_;
};

class Forecast {
 public:
  Forecast(const boards::Board& board, const ForecastOptions& options, std::string image)
      : board_(board), options_(options), image_(std::move(image)) {}

  Outcome of(const Variant& variant) {
    Outcome outcome = {.variant = &variant, .failure = {}, .projection = {}};
    runs_ = 0;
    std::filesystem::remove(image_);
    std::filesystem::remove(images::wear_path(image_));
    outcome.failure = make_used_image(board_, image_, variant.filesystem);
    if (outcome.failure.empty()) outcome.failure = measure(outcome);
    return outcome;
  }

 private:
  std::string measure(Outcome& outcome) {
    std::vector<RunCost> warm_up;
    while (!is_steady(warm_up) && static_cast<int>(warm_up.size()) < kMostWarmUpRuns) {
      if (std::string failure = run(*outcome.variant, warm_up); !failure.empty()) return failure;
    }
    outcome.warm_up_runs = static_cast<int>(warm_up.size());
    outcome.is_steady = is_steady(warm_up);
    Measurement measurement;
    measurement.wear_before = wear_of_image(board_, image_);
    while (static_cast<int>(measurement.runs.size()) < options_.runs) {
      if (std::string failure = run(*outcome.variant, measurement.runs); !failure.empty()) return failure;
    }
    measurement.wear_after = wear_of_image(board_, image_);
    outcome.projection =
        project(measurement, options_.times_per_day, board_.part->endurance_cycles, storage_sectors());
    outcome.hottest_offset = offset_of_sector(outcome.projection.hottest_sector);
    return {};
  }

  std::string run(const Variant& variant, std::vector<RunCost>& costs) {
    progress_.show(static_cast<uint64_t>(++runs_), static_cast<uint64_t>(kMostWarmUpRuns + options_.runs),
                   variant.name);
    std::vector<std::string> arguments = {options_.script};
    arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
    RunCost cost;
    const std::string failure = run_script(board_, image_, std::move(arguments), cost);
    if (!failure.empty()) return "run " + std::to_string(runs_) + " of the script: " + failure;
    costs.push_back(cost);
    return {};
  }

  uint32_t storage_sectors() const {
    const boards::Area& storage = board_.storage();
    uint32_t count = 0;
    for (uint32_t at = storage.offset; at < storage.offset + storage.size_bytes; ++count) {
      at += board_.part->geometry.sector_at(at).size_bytes;
    }
    return count;
  }

  uint32_t offset_of_sector(uint32_t index) const {
    uint32_t offset = 0;
    for (const flash::Region& region : board_.part->geometry.regions) {
      const uint32_t here = std::min(index, region.sector_count);
      offset += here * region.sector_size_bytes;
      index -= here;
    }
    return offset;
  }

  const boards::Board& board_;
  const ForecastOptions& options_;
  std::string image_;
  Progress progress_{"running the script"};
  int runs_ = 0;
};

// ---- Telling it ----------------------------------------------------------------------------------------

std::string rounded(double value) {
  std::array<char, 40> text;
  if (value >= 1000) return chipmap::in_groups(static_cast<uint64_t>(value + 0.5));
  std::snprintf(text.data(), text.size(), value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
  return text.data();
}

std::string lifetime_of(const Projection& p, double years) {
  constexpr double kLongerThanAnyone = 1000;
  if (p.is_open()) return "not known yet";
  if (years == 0) return "nothing wears out";
  if (years > kLongerThanAnyone) return "> 1 000 years";
  constexpr double kDaysPerYear = 365.25;
  return years < 1 ? rounded(years * kDaysPerYear) + " days" : rounded(years) + " years";
}

TableRow row_of(const Outcome& outcome) {
  const Projection& p = outcome.projection;
  if (!outcome.failure.empty()) return {outcome.variant->name, "-", "-", "-", "-", "-"};
  const std::string hottest = p.hottest_erases_a_run == 0 ? "none"
                                                          : rounded(p.hottest_erases_a_run) + " at " +
                                                                chipmap::in_hex(outcome.hottest_offset);
  return {outcome.variant->name,   rounded(p.erases_a_run),      hottest,
          lifetime_of(p, p.years), lifetime_of(p, p.years_even), rounded(p.device_s_a_day) + " s"};
}

void print_outcomes(std::ostream& out, const std::vector<Outcome>& outcomes) {
  std::vector<TableRow> rows = {
      {"FILESYSTEM", "ERASES/RUN", "HOTTEST SECTOR/RUN", "WORN OUT AFTER", "IF EVEN", "FLASH BUSY/DAY"}};
  for (const Outcome& outcome : outcomes) rows.push_back(row_of(outcome));
  print_table(out, rows);
}

std::string remark_on(const Outcome& outcome) {
  if (!outcome.failure.empty()) return outcome.failure;
  const std::string after =
      "steady after " + images::counted(static_cast<size_t>(outcome.warm_up_runs), "run");
  return outcome.is_steady ? after + " to warm up"
                           : "not " + after + ": each costs more or less than the last";
}

// Nothing can be programmed twice without an erase: when the storage has been filled, there was one.
std::string remark_on_runs(const boards::Board& board, const ForecastOptions& options, const Projection& p) {
  const auto filling = static_cast<uint64_t>(board.storage().size_bytes / p.bytes_programmed_a_run) + 1;
  const std::string remark = "; no erase in " + images::counted(static_cast<size_t>(options.runs), "run");
  if (filling <= static_cast<uint64_t>(options.runs))
    return remark;  // some of it cleared more bits of the same bytes
  return remark + ", and " + chipmap::in_groups(filling) + " fill the storage: " +
         (filling > kMostRuns ? "so many cannot be measured" : "try --runs " + std::to_string(filling));
}

void print(std::ostream& out, const boards::Board& board, const ForecastOptions& options,
           const std::vector<Outcome>& outcomes) {
  out << options.script << ", " << options.times_per_day << " times a day on " << board.camera << " ("
      << board.name << "), " << board.part->name << "\n\n";
  print_outcomes(out, outcomes);
  out << "\nWORN OUT AFTER: then the hottest sector has the "
      << chipmap::in_groups(board.part->endurance_cycles)
      << " erases that the datasheet promises, if all\ndays are like the "
      << images::counted(static_cast<size_t>(options.runs), "run")
      << " measured. IF EVEN: if all sectors took turns. FAT never moves a block; littlefs\n"
         "does when it has worn it for a while, and ends up between the two; flash.Ftl always does.\n";
  for (const Outcome& outcome : outcomes) {
    const Projection& p = outcome.projection;
    out << outcome.variant->name << ": " << remark_on(outcome)
        << (p.is_open() ? remark_on_runs(board, options, p) : "") << '\n';
  }
}

std::string json_of(const Outcome& outcome) {
  const Projection& p = outcome.projection;
  std::string text = "{\"filesystem\": " + chipmap::json_quoted(outcome.variant->name);
  if (!outcome.failure.empty()) return text + ", \"failure\": " + chipmap::json_quoted(outcome.failure) + "}";
  const auto number = [&text](const char* name, double value) {
    std::array<char, 40> digits;
    std::snprintf(digits.data(), digits.size(), "%.17g", value);
    text += ", \"" + std::string(name) + "\": " + digits.data();
  };
  number("warm_up_runs", outcome.warm_up_runs);
  text += std::string(", \"steady\": ") + (outcome.is_steady ? "true" : "false");
  number("erases_per_run", p.erases_a_run);
  number("programs_per_run", p.programs_a_run);
  number("bytes_programmed_per_run", p.bytes_programmed_a_run);
  number("device_us_per_run", p.device_us_a_run);
  number("hottest_sector_offset", outcome.hottest_offset);
  number("hottest_sector_erases_per_run", p.hottest_erases_a_run);
  if (p.years > 0) number("years", p.years);
  if (p.years > 0) number("years_if_even", p.years_even);
  number("device_s_per_day", p.device_s_a_day);
  return text + "}";
}

std::string json_of(const boards::Board& board, const ForecastOptions& options,
                    const std::vector<Outcome>& outcomes) {
  std::string text = "{\n  \"script\": " + chipmap::json_quoted(options.script) +
                     ",\n  \"board\": " + chipmap::json_quoted(board.name) +
                     ",\n  \"endurance_cycles\": " + std::to_string(board.part->endurance_cycles) +
                     ",\n  \"times_per_day\": " + std::to_string(options.times_per_day) +
                     ",\n  \"runs\": " + std::to_string(options.runs) + ",\n  \"filesystems\": [";
  for (size_t i = 0; i < outcomes.size(); ++i) text += (i == 0 ? "\n    " : ",\n    ") + json_of(outcomes[i]);
  return text + "\n  ]\n}\n";
}

// ---- The command ---------------------------------------------------------------------------------------

int run_forecast(const ForecastOptions& options) {
  const boards::Board* board = find_board_or_report(options.board);
  if (board == nullptr) return kExitUsage;
  // CLI::Range lets it through.
  if (std::isnan(options.times_per_day)) return usage_error("--times-per-day must be a number");
  if (access(options.script.c_str(), R_OK) != 0) {
    return usage_error(options.script + ": " + std::strerror(errno));
  }
  if (std::filesystem::is_directory(options.script)) return usage_error(options.script + ": is a directory");
  std::string error = look_at_json(options.json);
  if (error.empty()) error = refuse_input("--json", options.json, {{"the script", options.script}});
  if (!error.empty()) return usage_error(error);
  const TemporaryFolder folder;
  if (folder.path().empty()) {
    return usage_error("no temporary folder can be made: " + folder.error() +
                       "; set TMPDIR to another place");
  }

  std::vector<Outcome> outcomes;
  {
    Forecast forecast(*board, options, folder.image());
    for (const Variant& variant : kVariants) {
      if (has_room_for(*board, variant.filesystem)) outcomes.push_back(forecast.of(variant));
    }
  }
  print(stream_beside({options.json}), *board, options, outcomes);
  if (!options.json.empty()) {
    error = write_file(options.json, json_of(*board, options, outcomes));
    if (!error.empty()) return usage_error(error);
  }
  const bool ok = std::all_of(outcomes.begin(), outcomes.end(),
                              [](const Outcome& outcome) { return outcome.failure.empty(); });
  return ok ? kExitOk : kExitFailed;
}

}  // namespace

void add_forecast_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ForecastOptions>();
  CLI::App* command = app.add_subcommand("forecast", "Tell how long the flash lasts with a script");
  command->footer(kForecastFooter);
  add_board_option(*command, options->board);
  command->add_option("--script", options->script, "The script")->type_name("FILE")->required();
  command->add_option("--times-per-day", options->times_per_day, "How often it runs on the camera")
      ->type_name("N")
      ->required()
      ->check(CLI::Range(1e-3, 1e6));
  command
      ->add_option("--runs", options->runs,
                   "Runs to measure; more of them tell more of littlefs, which wanders")
      ->type_name("N")
      ->check(CLI::Range(1, kMostRuns))
      ->capture_default_str();
  command->add_option("--json", options->json, "Write the numbers to this file, too")
      ->type_name("FILE")
      ->check(refuse_empty);
  command->add_option("ARGS", options->arguments, "Arguments of the script, after --");
  command->callback([options, &action] { action = [options] { return run_forecast(*options); }; });
}

}  // namespace cli
