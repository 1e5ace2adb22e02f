#include "powercut/volume_scenario.h"

#include <algorithm>
#include <utility>

#include "powercut/watched_devices.h"
#include "sim/check.h"
#include "volumes/storage_device.h"

namespace powercut {

namespace {

using flash::Status;
using volumes::BlockDevice;
using volumes::Volume;

constexpr const char* kProbePath = "/probe";
constexpr uint64_t kReadsOfMount = 100'000;
constexpr uint64_t kReadsOfAll = 1'000'000;

std::string error_of(const char* what, Status status) {
  return std::string(what) + ": error " + std::to_string(-status.value());
}

// To the last byte: what the boot makes a new filesystem on. Where there is one, this ends at once.
bool is_blank(Target& target) {
  std::vector<uint8_t> piece(4096);
  for (uint32_t at = 0; at < target.storage().size_bytes(); at += static_cast<uint32_t>(piece.size())) {
    if (!target.storage().read(at, piece).ok()) return false;
    if (std::ranges::any_of(piece, [](uint8_t byte) { return byte != 0xFF; })) return false;
  }
  return true;
}

std::vector<uint8_t> probe_content(const Moment& moment) {
  return std::vector<uint8_t>(100 + moment.cut.operation % 400, static_cast<uint8_t>(moment.cut.seed));
}

}  // namespace

VolumeStack littlefs_on_storage(const boards::Board& board) {
  const boards::Area& storage = board.storage();
  const bool has_own_sectors =
      board.part->geometry.sector_bytes_at(storage.offset) == board.native_block_bytes;
  return {.make_device =
              [](Target& target) { return std::make_unique<volumes::StorageDevice>(target.storage()); },
          .make_volume = volumes::make_littlefs,
          .is_atomic = has_own_sectors,
          .exposure = has_own_sectors ? VolumeStack::Exposure::kNone : VolumeStack::Exposure::kFlush};
}

VolumeStack fat_on_storage() {
  return {.make_device =
              [](Target& target) { return std::make_unique<volumes::StorageDevice>(target.storage()); },
          .make_volume = [](BlockDevice& device) { return volumes::make_fat(device); }};
}

VolumeLoad load_for(uint32_t storage_bytes) {
  const uint32_t most_bytes = std::min(storage_bytes / 5, 64u * 1024);
  return {.most_bytes = most_bytes, .most_file_bytes = most_bytes / 8};
}

// The volume from one power-up to the next.
class VolumeScenario::Session {
 public:
  Session(const VolumeStack& stack, Target& target, History* history, uint64_t most_reads)
      : device_(stack.make_device(target)) {
    if (device_ == nullptr) return;
    patient_ = std::make_unique<PatientDevice>(*device_, most_reads);
    BlockDevice* top = patient_.get();
    if (history != nullptr) {
      recording_ = std::make_unique<RecordingDevice>(*patient_, *history);
      top = recording_.get();
    }
    volume_ = stack.make_volume(*top);
    user_ = std::make_unique<VolumeUser>(*volume_);
  }

  bool is_up() const { return device_ != nullptr; }
  BlockDevice& device() { return *device_; }
  Volume& volume() { return *volume_; }
  VolumeUser& user() { return *user_; }
  bool has_read_enough() const { return patient_->is_exhausted(); }

 private:
  std::unique_ptr<BlockDevice> device_;
  std::unique_ptr<PatientDevice> patient_;
  std::unique_ptr<RecordingDevice> recording_;
  std::unique_ptr<Volume> volume_;
  std::unique_ptr<VolumeUser> user_;  // last: it may hold a file of the volume's
};

VolumeScenario::VolumeScenario(const boards::Board& board, VolumeStack stack, const VolumeLoad& load,
                               uint32_t seed)
    : board_(board), stack_(std::move(stack)), steps_(make_program(load, seed)), history_(board) {
  trees_.emplace_back().folders[""] = 0;
  for (const Step& step : steps_) {
    trees_.push_back(trees_.back());
    apply(step, trees_.back());
  }
}

void VolumeScenario::prepare(Target& target) {
  Session session(stack_, target, nullptr, UINT64_MAX);
  SIM_CHECK(session.is_up() && session.volume().format().ok() && session.device().sync().ok(), "no volume");
  history_.begin(target);
}

std::string VolumeScenario::write(Target& target) {
  std::unique_ptr<Session> session;
  calls_ = {0};
  for (const Step& step : steps_) {
    if (step.kind == Step::Kind::kPowerOff) {
      if (target.storage().is_dirty()) return "what a step wrote is not in the flash when it returns";
      session.reset();
      target.power_off();
      if (!target.power_on().ok()) return "no power-up";
    }
    if (session == nullptr) {
      session = std::make_unique<Session>(stack_, target, &history_, UINT64_MAX);
      if (!session->is_up()) return "the device does not come up";
      if (const Status status = session->volume().mount(); !status.ok()) return error_of("mount", status);
    }
    const Status status = session->user().perform(step);
    if (!status.ok()) return error_of(to_string(step).c_str(), status);
    calls_.push_back(history_.calls());
  }
  return "";
}

size_t VolumeScenario::steps_done(const Moment& moment) const {
  const auto next = std::upper_bound(calls_.begin(), calls_.end(), moment.progress);
  return static_cast<size_t>(next - calls_.begin()) - 1;
}

bool VolumeScenario::is_exposed(const Moment& moment) const {
  if (stack_.exposure == VolumeStack::Exposure::kNone) return false;
  if (stack_.exposure == VolumeStack::Exposure::kFlush && history_.is_flush_under_way(moment)) return true;
  const bool is_word_torn = !board_.part->geometry.reprogrammable && programmed_at(moment) != Extent{};
  return is_word_torn || !rewritten_at(moment).empty();
}

std::string VolumeScenario::check(Target& target, const Moment& moment) {
  // Later, the check before has written, too.
  if (stack_.is_storage && moment.depth == 1) {
    if (std::string error = history_.check(target, moment); !error.empty()) return error;
  }
  const bool may_be_lost = is_exposed(moment);
  const Losses before = losses_;
  if (may_be_lost) ++losses_.exposed;
  const bool is_gone = is_blank(target);
  std::string error = is_gone ? "the storage is blank: the boot would format it" : look(target, moment);
  if (error.empty() && !(error = use(target, moment)).empty()) ++losses_.files;
  if (error.empty()) return "";
  if (!may_be_lost) {
    losses_ = before;
    return error;
  }
  if (is_gone) {
    ++losses_.volumes;
    ++losses_.blank;
  }
  return "";
}

std::string VolumeScenario::look(Target& target, const Moment& moment) {
  Session session(stack_, target, nullptr, kReadsOfMount);
  if (!session.is_up()) return "the device does not come up";
  if (const Status status = session.volume().mount(); !status.ok()) {
    SIM_CHECK(!session.has_read_enough(), "the mount has no end");
    ++losses_.volumes;
    return error_of("it does not mount", status);
  }
  Session reader(stack_, target, nullptr, kReadsOfAll);
  Tree found;
  std::string error;
  if (!reader.volume().mount().ok()) {
    error = "it mounts once only";
  } else if (const Status status = read_tree(reader.volume(), reader.device().size_bytes(), found);
             !status.ok()) {
    error = error_of("it cannot be read", status);
  } else {
    error = compare(std::move(found), moment);
  }
  if (!error.empty()) ++losses_.files;
  return error;
}

std::string VolumeScenario::compare(Tree found, const Moment& moment) const {
  // A check that was cut may have left its file.
  if (moment.depth > 1 && found.files.erase(kProbePath) > 0) --found.folders[""];
  const size_t done = steps_done(moment);
  const std::string error = stack_.is_atomic ? compare_atomic(found, done) : compare_others(found, done);
  if (error.empty()) return "";
  std::string during = done < steps_.size() ? ", cut in: " + to_string(steps_[done]) : ", cut after the end";
  return error + during;
}

std::string VolumeScenario::compare_atomic(const Tree& found, size_t done) const {
  if (found == trees_[done]) return "";
  if (done < steps_.size()) {
    if (found == trees_[done + 1]) return "";
    // A file is made when it is opened, and filled when it is closed.
    const Step& step = steps_[done];
    Tree made = trees_[done];
    if (trees_[done + 1].files.contains(step.path) && made.files.try_emplace(step.path).second) {
      ++made.folders[step.path.substr(0, step.path.rfind('/'))];
      if (found == made) return "";
    }
  }
  return compare_others(found, done).empty() ? "the file of a step is neither old nor new"
                                             : compare_others(found, done);
}

std::string VolumeScenario::compare_others(const Tree& found, size_t done) const {
  const auto is_named = [&](const std::string& path) {
    if (done == steps_.size()) return false;
    const Step& step = steps_[done];
    return path == step.path || path == step.to || path.starts_with(step.path + "/");
  };
  const Tree& wanted = trees_[done];
  for (const auto& [path, content] : wanted.files) {
    if (is_named(path)) continue;
    const auto there = found.files.find(path);
    if (there == found.files.end()) return path + " is gone";
    if (there->second != content) return path + " holds something else";
  }
  for (const auto& [path, entries] : wanted.folders) {
    if (!is_named(path) && !found.folders.contains(path)) return path + " is gone";
  }
  for (const auto& [path, content] : found.files) {
    if (!is_named(path) && !wanted.files.contains(path)) return path + " has come from nowhere";
  }
  for (const std::string& path : found.unreadable) {
    if (!is_named(path)) return path + " cannot be read";
  }
  return "";
}

std::string VolumeScenario::use(Target& target, const Moment& moment) {
  const Step step = {Step::Kind::kRewrite, kProbePath, "", 0, probe_content(moment)};
  {
    Session session(stack_, target, nullptr, kReadsOfAll);
    if (!session.volume().mount().ok()) return "it mounts twice only";
    if (const Status status = session.user().perform(step); !status.ok()) {
      return error_of("it takes no file any more", status);
    }
  }
  target.power_off();
  if (!target.power_on().ok()) return "a second power-up fails";
  Session session(stack_, target, nullptr, kReadsOfAll);
  if (!session.is_up() || !session.volume().mount().ok()) return "it does not mount after it was used";
  Tree found;
  if (const Status status = read_tree(session.volume(), session.device().size_bytes(), found); !status.ok()) {
    return error_of("it cannot be read after it was used", status);
  }
  if (found.files[kProbePath] != step.data) return "what was written after the cut is not there";
  found.files.erase(kProbePath);
  --found.folders[""];
  const std::string error = stack_.is_atomic ? compare_atomic(found, steps_done(moment))
                                             : compare_others(found, steps_done(moment));
  return error.empty() ? "" : "after it was used: " + error;
}

}  // namespace powercut
