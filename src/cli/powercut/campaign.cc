#include "cli/powercut/campaign.h"

#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <vector>

#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/powercut/events.h"
#include "cli/powercut/report.h"
#include "cli/powercut/script_host.h"
#include "cli/powercut/walker.h"
#include "cli/progress.h"

namespace cli::powercut {

namespace {

class Campaign {
 public:
  Campaign(boards::Camera& camera, const Options& options)
      : camera_(camera), options_(options), out_(stream_beside({options.json})) {}

  int run() {
    if (const int code = record(); code != kExitOk) return code;
    if (options_.replay.empty()) look_at_both_ends();
    std::vector<sim::Cut> cuts;
    if (options_.replay.empty()) cuts = cuts_of_shard();
    start_workers(cuts);
    events_.close_sending_end();
    if (const int code = listen(cuts.size()); code != kExitOk) return code;
    if (const int code = wait_for_workers(); code != kExitOk) return code;
    return conclude();
  }

 private:
  int record() {
    ScriptHost host(camera_, options_);
    const Ending ending = host.record_write(recording_);
    if (!ending.ok()) {
      return usage_error(options_.write_script + " fails by itself: " + ending.error(options_.write_script));
    }
    if (recording_.journal.size() == 0) {
      return usage_error(options_.write_script + " changes nothing in the flash, so there is nothing to cut");
    }
    for (size_t i = 0; i < recording_.boot.size(); ++i) {
      carry_out(recording_.boot.operation(i), camera_.cells());
    }
    return kExitOk;
  }

  // A check that cannot pass is mostly a mistake in it: this is better said than found out.
  void look_at_both_ends() {
    ScriptHost host(camera_, options_);
    const auto look = [this, &host](uint64_t operation, const char* when) {
      const Ending ending = run_child(host.child_options(), [this, &host, operation] {
        for (uint64_t i = 0; i < operation; ++i) carry_out(recording_.journal.operation(i), camera_.cells());
        camera_.power_off();
        return host.check_here(recording_.notes_before({operation}));
      });
      if (ending.ok()) return;
      std::cerr << "pybflash: " << options_.check_script << " fails " << when << ": "
                << ending.error(options_.check_script) << '\n';
    };
    look(recording_.journal.size(), "without any cut");
    look(0, "on the flash as it is before the writer starts");
  }

  std::vector<sim::Cut> cuts_of_shard() const {
    const std::vector<sim::Cut> all = cuts_of(recording_.journal, options_);
    std::vector<sim::Cut> cuts;
    for (size_t i = 0; i < all.size(); ++i) {
      if (options_.shard.holds(i)) cuts.push_back(all[i]);
    }
    return cuts;
  }

  void start_workers(const std::vector<sim::Cut>& cuts) {
    const size_t count = options_.replay.empty() ? std::min<size_t>(options_.jobs, cuts.size()) : 1;
    for (size_t i = 0; i < count; ++i) {
      const pid_t worker = fork_child();
      if (worker == 0) work(cuts, {i, count});
      workers_.push_back(worker);
    }
  }

  [[noreturn]] void work(const std::vector<sim::Cut>& cuts, Shard share) {
    ScriptHost host(camera_, options_);
    Walker walker(host, options_, events_);
    if (!options_.replay.empty()) {
      walker.replay(recording_);
      _exit(kExitOk);
    }
    std::vector<sim::Cut> own;
    for (size_t i = 0; i < cuts.size(); ++i) {
      if (share.holds(i)) own.push_back(cuts[i]);
    }
    walker.walk(recording_, own);
    _exit(kExitOk);
  }

  int listen(size_t total) {
    Progress progress("cutting");
    std::string lines;
    for (bool is_open = true; is_open;) {
      is_open = events_.receive(lines);
      for (size_t end = lines.find('\n'); end != std::string::npos; end = lines.find('\n')) {
        const Event event = parse_event(std::string_view(lines).substr(0, end));
        lines.erase(0, end + 1);
        if (event.kind == Event::Kind::kCannot) {
          return usage_error(event.text);
        }
        take(event);
      }
      progress.show(done_, total, rate(progress));
    }
    report_.sort();
    return kExitOk;
  }

  std::string rate(const Progress& progress) const {
    const auto per_s = static_cast<uint64_t>(static_cast<double>(report_.cuts()) / progress.spent_s());
    return std::to_string(per_s) + " cuts/s, " + std::to_string(report_.lost()) + " lost";
  }

  void take(const Event& event) {
    if (event.kind == Event::Kind::kDone) {
      ++done_;
    } else {
      report_.add(event);
    }
  }

  int wait_for_workers() {
    bool all_ended_well = true;
    for (const pid_t worker : workers_) {
      int status = 0;
      all_ended_well = waitpid(worker, &status, 0) == worker && status == 0 && all_ended_well;
    }
    if (all_ended_well) return kExitOk;
    std::cerr
        << "pybflash: internal error, please report it: a process of the campaign ended before its time\n";
    return kExitFailed;
  }

  int conclude() {
    if (options_.replay.empty()) {
      print_title();
      report_.print(out_, options_);
    } else {
      print_replay();
    }
    if (!options_.json.empty()) {
      const std::string error = write_file(options_.json, report_.to_json());
      if (!error.empty()) return usage_error(error);
    }
    return report_.lost() == 0 ? kExitOk : kExitFailed;
  }

  void print_title() const {
    size_t erases = 0;
    const sim::Journal& journal = recording_.journal;
    for (size_t i = 0; i < journal.size(); ++i) {
      erases += journal.operation(i).kind == sim::Operation::kErase ? 1 : 0;
    }
    out_ << camera_.board().camera << " (" << camera_.board().name << "): " << options_.write_script
         << " makes " << journal.size() - erases << " programs and " << erases << " erases.\n\n"
         << std::flush;
  }

  void print_replay() const {
    const std::string replay = to_string(options_.replay);
    if (report_.lost() == 0) {
      out_ << replay << ": survived\n";
    } else {
      out_ << replay << ": lost: " << report_.failures().front().error << '\n';
    }
  }

  boards::Camera& camera_;
  const Options& options_;
  std::ostream& out_;
  Recording recording_;
  EventPipe events_;
  std::vector<pid_t> workers_;
  size_t done_ = 0;
  Report report_;
};

}  // namespace

int run_campaign(const Options& options) {
  boards::Camera* camera = switch_on(options.camera, sim::ImageUse::kScratch);
  return camera == nullptr ? kExitUsage : Campaign(*camera, options).run();
}

}  // namespace cli::powercut
