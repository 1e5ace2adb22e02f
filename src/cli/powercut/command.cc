// `pybflash powercut`: the command line.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/powercut/campaign.h"
#include "cli/powercut/options.h"
#include "cli/powercut/report.h"
#include "images/image.h"

namespace cli {

namespace {

using powercut::Options;

constexpr const char* kPowercutFooter =
    "write.py runs once, and what it does to the flash is recorded. Then, for each cut, the camera boots "
    "with\n"
    "the flash as the cut left it, and runs check.py, which raises an exception if something is lost. What\n"
    "write.py gives to sim.note(), check.py gets from sim.notes(), if it was before the cut.\n"
    "\n"
    "Examples:\n"
    "  pybflash powercut --write write.py --check check.py\n"
    "  pybflash powercut --board OPENMV_N6 --torn --depth 2 --cuts 500 --write write.py --check check.py\n"
    "  pybflash powercut --write write.py --check check.py --replay 41 --save cut.bin\n"
    "\n"
    "Exit codes: 0 nothing was lost; 1 something was; 2 the command line or a script is at fault.";

struct Texts {
  std::string cuts = "all";
  std::string shard;
  std::string replay;
};

template <class Number>
std::optional<Number> number_in(std::string_view text, Number least) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least) return std::nullopt;
  return number;
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string take_cuts(const Texts& texts, Options& options) {
  if (texts.cuts == "all") return "";
  const auto cuts = number_in<size_t>(texts.cuts, 1);
  if (!cuts) return "--cuts " + texts.cuts + ": give 'all' or a number, 1 or more";
  options.cuts = *cuts;
  return "";
}

std::string take_shard(const Texts& texts, Options& options) {
  const std::string count_of_job_runner = variable("GTEST_TOTAL_SHARDS");
  if (texts.shard.empty() && !count_of_job_runner.empty()) {
    const auto count = number_in<size_t>(count_of_job_runner, 1);
    const auto index = number_in<size_t>(variable("GTEST_SHARD_INDEX"), 0);
    if (!count || !index || *index >= *count) {
      return "GTEST_TOTAL_SHARDS=" + count_of_job_runner + " needs a GTEST_SHARD_INDEX from 0 to one less";
    }
    options.shard = {*index, *count};
  }
  if (texts.shard.empty()) return "";
  const size_t slash = std::min(texts.shard.find('/'), texts.shard.size());
  const auto number = number_in<size_t>(texts.shard.substr(0, slash), 1);
  const auto count = number_in<size_t>(texts.shard.substr(std::min(slash + 1, texts.shard.size())), 1);
  if (!number || !count || *number > *count) {
    return "--shard " + texts.shard + ": give for example 3/16, the third of sixteen";
  }
  options.shard = {*number - 1, *count};
  return "";
}

std::string take_replay(const Texts& texts, Options& options) {
  if (texts.replay.empty()) return "";
  const auto path = powercut::parse_path(texts.replay);
  if (!path) return "--replay " + texts.replay + ": that is no replay string, such as 41, 41b7 or 41b7/2";
  options.replay = *path;
  return "";
}

std::string look_at_save(const Options& options) {
  if (options.save.empty()) return "";
  if (options.replay.empty()) return "--save wants --replay, the cut to be saved";
  for (const std::string& file : {options.save, images::wear_path(options.save)}) {
    if (!refuse_existing(file, false).empty())
      return "--save " + file + ": is there already; name another file";
  }
  return look_at_output("--save", options.save);
}

// What it would be written over: all that is read, and what a replay saves.
std::string look_at_numbers(const Options& options) {
  if (std::string error = look_at_json(options.json); !error.empty()) return error;
  std::vector<Input> others = {{"the script of --write", options.write_script},
                               {"the script of --check", options.check_script},
                               {"the image", options.camera.image},
                               {"the image of --save", options.save}};
  for (const std::string& image : {options.camera.image, options.save}) {
    if (image.empty()) continue;
    for (const std::string& wear : images::wear_paths(image))
      others.push_back({"the wear of " + image, wear});
  }
  return refuse_input("--json", options.json, others);
}

std::string look_at_script(const std::string& path) {
  struct stat info;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  int error = fd < 0 ? errno : 0;
  if (fd >= 0 && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) error = EISDIR;
  if (fd >= 0) close(fd);
  return error == 0 ? "" : "cannot read the script " + path + ": " + std::strerror(error);
}

int run(const Texts& texts, Options& options) {
  for (const std::string& error :
       {take_cuts(texts, options), take_shard(texts, options), take_replay(texts, options),
        look_at_save(options), look_at_script(options.write_script), look_at_script(options.check_script),
        look_at_numbers(options)}) {
    if (!error.empty()) return usage_error(error);
  }
  return powercut::run_campaign(options);
}

void add_scripts(CLI::App& command, Options& options) {
  command.add_option("--write", options.write_script, "The script that writes")
      ->type_name("FILE")
      ->required();
  command.add_option("--check", options.check_script, "The script that raises if something is lost")
      ->type_name("FILE")
      ->required();
  add_board_option(command, options.camera.board);
  command.add_option("--image", options.camera.image, "What the flash holds at first; it is only read")
      ->type_name("FILE")
      ->check(refuse_empty);
  add_no_mount_option(command, options.camera);
}

void add_extent(CLI::App& command, Options& options, Texts& texts) {
  command.add_option("--cuts", texts.cuts, "At most so many cuts, spread over the run")
      ->type_name("all|N")
      ->capture_default_str();
  command.add_option("--depth", options.depth, "2: cut the boot and the check that follow, too")
      ->check(CLI::Range(1, 2))
      ->type_name("1|2")
      ->capture_default_str();
  command.add_flag("--torn", options.torn, "Cut within each program and erase, too, not only between them");
  command.add_option("--seed", options.seed, "Another number, other torn bits")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--replay", texts.replay, "Only this cut, with all that check.py prints")
      ->type_name("STRING")
      ->check(refuse_empty);
  command.add_option("--save", options.save, "With --replay: keep the flash as the cut left it, as an image")
      ->type_name("FILE")
      ->check(refuse_empty);
}

void add_labour(CLI::App& command, Options& options, Texts& texts) {
  options.jobs = std::max(1u, std::thread::hardware_concurrency());
  command.add_option("--jobs", options.jobs, "Processes at work (default: the number of processors)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command
      .add_option("--shard", texts.shard,
                  "The i-th of n parts of the campaign (default: GTEST_TOTAL_SHARDS, GTEST_SHARD_INDEX)")
      ->type_name("i/n")
      ->check(refuse_empty);
  command.add_option("--time-limit", options.time_limit_s, "For one boot and check")
      ->check(CLI::Range(1, 86400))
      ->type_name("SECONDS")
      ->capture_default_str();
  command.add_option("--json", options.json, "Write what was found to this file")
      ->type_name("FILE")
      ->check(refuse_empty);
}

}  // namespace

void add_powercut_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto texts = std::make_shared<Texts>();
  CLI::App* command = app.add_subcommand("powercut", "Cut the power at every flash operation of a script");
  command->footer(kPowercutFooter);
  add_scripts(*command, *options);
  add_extent(*command, *options, *texts);
  add_labour(*command, *options, *texts);
  command->callback(
      [options, texts, &action] { action = [options, texts] { return run(*texts, *options); }; });
}

}  // namespace cli
