#include "bench/measure.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <string>

#include "bench/check.h"

namespace bench {
namespace {

std::string describe(const Run& run) {
  return std::string(run.board->name) + " " + std::string(run.workload->name) + " " +
         std::string(name_of(run.filesystem)) + " " + (run.used ? "used" : "blank") + " " +
         std::string(name_of(run.contender));
}

std::vector<uint32_t> wear_of(const Device& device) {
  return {device.cells().wear().begin(), device.cells().wear().end()};
}

uint64_t worst_sector(const std::vector<uint32_t>& before, const std::vector<uint32_t>& after) {
  uint32_t worst = 0;
  for (size_t i = 0; i < before.size(); ++i) worst = std::max(worst, after[i] - before[i]);
  return worst;
}

// What a stretch of work costs, from construction on.
class Meter {
 public:
  explicit Meter(TracedDevice& traced)
      : traced_(traced),
        stats_(device().cells().stats()),
        wear_(wear_of(device())),
        device_ns_(device().clock().device_ns()),
        ideal_ns_(traced.ideal().device_ns()),
        ideal_change_ns_(traced.ideal().change_ns()),
        ideal_erases_(traced.ideal().erases()) {
    device().take_longest_masked_ns();
  }

  Cost read() const {
    const sim::Stats stats = device().cells().stats() - stats_;
    return {.device_us = (device().clock().device_ns() - device_ns_) / 1000,
            .erases = stats.erases,
            .worst_sector_erases = worst_sector(wear_, wear_of(device())),
            .bytes_programmed = stats.bytes_programmed,
            .masked_us_max = (device().take_longest_masked_ns() + 999) / 1000,
            .ideal_us = (traced_.ideal().device_ns() - ideal_ns_) / 1000,
            .ideal_change_us = (traced_.ideal().change_ns() - ideal_change_ns_) / 1000,
            .ideal_erases = traced_.ideal().erases() - ideal_erases_};
  }

 private:
  Device& device() const { return traced_.device(); }

  TracedDevice& traced_;
  sim::Stats stats_;
  std::vector<uint32_t> wear_;
  uint64_t device_ns_;
  uint64_t ideal_ns_;
  uint64_t ideal_change_ns_;
  uint64_t ideal_erases_;
};

bool holds_what_was_written(const TracedDevice& traced, std::span<const uint8_t> cells) {
  const Ideal& ideal = traced.ideal();
  const bool erases = traced.device().erases_blocks();
  for (uint32_t i = 0; i < cells.size(); ++i) {
    if (cells[i] != ideal.content()[i] && (erases || !ideal.is_erased(i))) return false;
  }
  return true;
}

void demand_nothing_lost(TracedDevice& traced, Work& work) {
  demand(traced.ideal().is_synced(), "the workload ends with data that nobody synced");
  traced.device().power_cycle();
  const boards::Area& storage = traced.board().storage();
  const auto cells = traced.device().cells().bytes().subspan(storage.offset, storage.size_bytes);
  demand(holds_what_was_written(traced, cells), "bytes were lost");
  work.verify();
  const auto& violations = traced.device().violations().list();
  if (!violations.empty())
    fail("the hardware was misused: " + violations[0].where + ": " + violations[0].what);
}

Cost measure_here(const Run& run) {
  const std::vector<uint8_t> medium = make_medium(*run.board, run.used, run.effort.seed);
  const auto device = run.contender == Contender::kPybflash ? make_pybflash_device(*run.board, medium)
                                                            : make_firmware_device(*run.board, medium);
  TracedDevice traced(*device, medium);
  const auto work = make_work(*run.workload, run.filesystem, traced, run.effort);
  work->prepare();
  const Meter meter(traced);
  work->run();
  const Cost cost = meter.read();
  demand_nothing_lost(traced, *work);
  return cost;
}

// A run in its own process: MicroPython's driver keeps its state in static variables, and two runs at a time
// take half as long.
class Process {
 public:
  explicit Process(const Run& run) : run_(&run) {
    int ends[2];
    demand(pipe(ends) == 0, "no pipe");
    pid_ = fork();
    demand(pid_ >= 0, "no process");
    if (pid_ == 0) {
      const Cost cost = measure_here(run);
      const bool written = write(ends[1], &cost, sizeof cost) == sizeof cost;
      _exit(written ? 0 : 1);
    }
    close(ends[1]);
    from_run_ = ends[0];
  }

  const Run& run() const { return *run_; }

  std::optional<Cost> finish() {
    Cost cost;
    const bool complete = read(from_run_, &cost, sizeof cost) == sizeof cost;
    close(from_run_);
    int status = 0;
    waitpid(pid_, &status, 0);
    if (complete && status == 0) return cost;
    std::fprintf(stderr, "pybflash: bench: %s failed\n", describe(*run_).c_str());
    return std::nullopt;
  }

 private:
  const Run* run_;
  pid_t pid_;
  int from_run_ = -1;
};

}  // namespace

std::string_view name_of(Contender contender) {
  return contender == Contender::kPybflash ? "pybflash" : "firmware";
}

std::vector<Row> measure(std::span<const Run> runs, unsigned jobs,
                         const std::function<void(const Run&)>& progress) {
  std::fflush(nullptr);  // or each process would write what waits once more
  std::vector<Row> rows;
  std::deque<Process> processes;
  for (size_t next = 0; next < runs.size() || !processes.empty();) {
    if (next < runs.size() && processes.size() < std::max(jobs, 1u)) {
      processes.emplace_back(runs[next++]);
      continue;
    }
    Process process = processes.front();
    processes.pop_front();
    if (const auto cost = process.finish()) rows.push_back({process.run(), *cost});
    if (progress) progress(process.run());
  }
  return rows;
}

}  // namespace bench
