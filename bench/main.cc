// `pybflash bench`: our storage stack beside MicroPython's own driver. A program of its own, so that
// `pybflash` need not carry that driver.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/instruction_counts.h"
#include "bench/limits.h"
#include "bench/performance_page.h"
#include "bench/report.h"
#include "bench/workloads.h"
#include "boards/board_table.h"

namespace {

constexpr int kExitUsage = 2;
constexpr int kExitBeyond = 1;

struct Options {
  std::vector<std::string> boards = {"OPENMV4P", "OPENMV_N6", "OPENMV2", "OPENMV3", "OPENMV4"};
  std::vector<std::string> workloads;
  std::vector<std::string> filesystems = {"FAT", "littlefs", "raw"};
  std::vector<std::string> media = {"blank", "used"};
  uint32_t seed = 1;
  double scale = 1;
  std::string json;
  std::string documents;
  bool check = false;
};

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<bench::Run> runs_of(const Options& options) {
  std::vector<bench::Run> runs;
  for (const std::string& name : options.boards) {
    const boards::Board* board = boards::find_board(name);
    for (const bench::Workload& workload : bench::workloads()) {
      if (!options.workloads.empty() && !contains(options.workloads, workload.name)) continue;
      for (const auto filesystem :
           {bench::Filesystem::kFat, bench::Filesystem::kLittlefs, bench::Filesystem::kRaw}) {
        const bool fits = workload.on_filesystems != (filesystem == bench::Filesystem::kRaw);
        if (!fits || !contains(options.filesystems, bench::name_of(filesystem))) continue;
        for (const bool used : {false, true}) {
          if (!contains(options.media, used ? "used" : "blank")) continue;
          for (const auto contender : {bench::Contender::kFirmware, bench::Contender::kPybflash}) {
            if (contender == bench::Contender::kFirmware && !bench::has_firmware(*board)) continue;
            runs.push_back({board, filesystem, std::string(workload.name), used, contender, options.seed,
                            options.scale});
          }
        }
      }
    }
  }
  return runs;
}

// Are all of our rows within the limits? Says which are not.
bool check_limits(const std::vector<bench::Row>& rows) {
  size_t count = 0, beyond = 0;
  for (const bench::Row& row : rows) {
    if (row.run.contender != bench::Contender::kPybflash) continue;
    ++count;
    const std::string what = bench::beyond_limits(row, bench::firmware_for(rows, row));
    if (what.empty()) continue;
    ++beyond;
    std::cout << row.run.board->name << ' ' << row.run.workload << ' ' << bench::name_of(row.run.filesystem)
              << (row.run.used ? " used: " : " blank: ") << what << '\n';
  }
  std::cout << count << " rows, " << beyond << " beyond the limits\n";
  return beyond == 0;
}

std::string parent_of(const std::string& path) {
  return std::filesystem::path(path).parent_path();
}

// Says what is wrong.
int refuse(const std::string& complaint) {
  std::cerr << "pybflash: " << complaint << '\n';
  return kExitUsage;
}

// What is wrong with them, or "".
std::string check_arguments(const Options& options) {
  if (std::isnan(options.scale)) return "bench: --scale must be a number";  // CLI::Range lets it through
  for (const std::string& name : options.boards) {
    if (boards::find_board(name) == nullptr)
      return "unknown board '" + name + "'; pybflash boards lists them";
  }
  if (runs_of(options).empty()) {
    std::string raw;
    for (const bench::Workload& workload : bench::workloads()) {
      if (!workload.on_filesystems) raw.append(" ").append(workload.name);
    }
    return "bench: no run fits these options. Without a filesystem run:" + raw;
  }
  for (const std::string& folder : {options.documents, parent_of(options.json)}) {
    if (!folder.empty() && !std::filesystem::is_directory(folder))
      return "bench: there is no folder " + folder;
  }
  return "";
}

struct Instructions {
  bench::InstructionTable on_m7, on_host;
};

std::optional<Instructions> count_instructions() {
  const std::string programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  auto on_m7 = bench::count_on_m7(programs);
  auto on_host = bench::count_on_host(programs);
  if (!on_m7 || !on_host) return std::nullopt;
  return Instructions{std::move(*on_m7), std::move(*on_host)};
}

std::vector<bench::Row> measure_all(const std::vector<bench::Run>& runs) {
  std::vector<bench::Row> rows;
  bench::print_table_head(std::cout);
  for (const bench::Run& run : runs) {
    rows.push_back(bench::measure(run));
    bench::print_row(std::cout, rows.back());
    if (!std::cout) break;  // finish_output() tells why, as long as errno knows
  }
  return rows;
}

// Complete, or not at all; but a device is written to, and not replaced by a file.
bool save_json(const std::string& path, const std::vector<bench::Row>& rows) {
  const auto kind = std::filesystem::status(path).type();
  const bool is_file =
      kind == std::filesystem::file_type::regular || kind == std::filesystem::file_type::not_found;
  const std::string part = is_file ? path + ".part" : path;
  std::ofstream file(part);
  bench::write_json(file, rows);
  return file.flush() && (!is_file || std::rename(part.c_str(), path.c_str()) == 0);
}

int run(const Options& options) {
  if (const std::string complaint = check_arguments(options); !complaint.empty()) return refuse(complaint);
  std::optional<Instructions> instructions;
  if (!options.documents.empty()) {
    instructions = count_instructions();
    if (!instructions) {
      return refuse("bench: the page needs what `./test bench` sets up and builds, run that first");
    }
  }
  const std::vector<bench::Row> rows = measure_all(runs_of(options));
  if (!std::cout) return kExitUsage;
  if (!options.json.empty() && !save_json(options.json, rows)) {
    return refuse("bench: cannot write " + options.json);
  }
  if (instructions &&
      !bench::write_performance_page(options.documents, rows, instructions->on_m7, instructions->on_host)) {
    return refuse("bench: cannot write to the folder " + options.documents);
  }
  return options.check && !check_limits(rows) ? kExitBeyond : 0;
}

// As of `pybflash` itself: a table that has not arrived is none.
int finish_output(int code) {
  if (std::cout) std::cout.flush();
  if (std::cout && std::fflush(stdout) == 0) return code;
  if (errno != EPIPE) refuse(std::string("standard output: ") + std::strerror(errno));
  return code == 0 ? kExitUsage : code;
}

std::string help_of_check() {
  return "Exit with 1 if a row takes more than " + bench::fixed(bench::kMostTimeOfIdeal, 2) +
         " times the ideal's time, " + bench::fixed(bench::kMostErasesOfIdeal, 2) + " times its erases and " +
         std::to_string(bench::kSpareErases) + ", or " + bench::fixed(bench::kMostTimeOfFirmware, 2) +
         " times the firmware's time (W8 aside)";
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Our storage stack beside MicroPython's own driver, on the same models", "pybflash bench"};
  app.add_option("--board", options.boards, "Cameras")->capture_default_str();
  std::vector<std::string> names;
  for (const bench::Workload& workload : bench::workloads()) names.emplace_back(workload.name);
  app.add_option("--workload", options.workloads, "All, if none is named")->check(CLI::IsMember(names));
  app.add_option("--fs", options.filesystems, "FAT, littlefs, raw")
      ->check(CLI::IsMember({"FAT", "littlefs", "raw"}))
      ->capture_default_str();
  app.add_option("--medium", options.media, "blank, used")
      ->check(CLI::IsMember({"blank", "used"}))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of all that is random")->capture_default_str();
  app.add_option("--scale", options.scale, "Of the number of operations")
      ->check(CLI::Range(0.001, 1000.0))
      ->capture_default_str();
  app.add_flag("--check", options.check, help_of_check());
  app.add_option("--json", options.json, "Write the rows to this file, too")->type_name("FILE");
  app.add_option("--write-docs", options.documents,
                 "Write performance.md and performance.svg into this folder")
      ->type_name("FOLDER");
  std::string footer = "Workloads:\n";
  for (const bench::Workload& workload : bench::workloads()) {
    footer += "  " + std::string(workload.name) + std::string(5 - workload.name.size(), ' ') +
              std::string(workload.what) + "\n";
  }
  app.footer(footer);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return finish_output(app.exit(error));
    return refuse(std::string("bench: ") + error.what());
  }
  return finish_output(run(options));
}
