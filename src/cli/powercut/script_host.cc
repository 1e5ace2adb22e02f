#include "cli/powercut/script_host.h"

#include <cstdio>

#include "micropython/port/camera_glue.h"
#include "micropython/port/interpreter.h"

namespace cli::powercut {

namespace {

// What is known to the code that runs between boot and script.
struct AfterBoot {
  boards::Camera& camera;
  Recording& recording;
};

void forget_boot(void* context) {
  auto& [camera, recording] = *static_cast<AfterBoot*>(context);
  camera.storage().sync().ignore();  // the script's own sync will fail as well
  recording.boot = std::move(recording.journal);
  recording.journal.clear();
}

int run_interpreter(const std::string& script, bool mounts_storage, AfterBoot* after_boot) {
  std::string path = script;
  char* argv[] = {path.data(), nullptr};
  const interpreter_options_t options = {
      .code = nullptr,
      .script = path.c_str(),
      .argc = 1,
      .argv = argv,
      .mount_storage = mounts_storage,
      .greeting = "",
      .stands_alone = false,
      .repeatable = true,
      .after_boot = after_boot == nullptr ? nullptr : forget_boot,
      .context = after_boot,
  };
  return interpreter_run(&options);
}

}  // namespace

Ending ScriptHost::record_write(Recording& recording) {
  recording_.clear();
  const Ending ending = run_child(child_options(), [this] {
    Recording recorded;
    record_to(recorded);
    AfterBoot after_boot = {camera_, recorded};
    const int code =
        judge(run_interpreter(options_.write_script, !options_.camera.no_mount, &after_boot), camera_);
    return code != 0 ? code : hand_over(recorded);
  });
  if (ending.ok()) recording = load(recording_.fd());
  return ending;
}

Ending ScriptHost::check(const std::vector<std::string>& notes) {
  return run_child(child_options(), [this, &notes] { return check_here(notes); });
}

Ending ScriptHost::record_check(const std::vector<std::string>& notes, Recording& recording) {
  recording_.clear();
  const Ending ending = run_child(child_options(), [this, &notes] {
    Recording recorded;
    record_to(recorded);
    const int code = check_here(notes);
    return code != 0 ? code : hand_over(recorded);
  });
  if (ending.ok()) recording = load(recording_.fd());
  return ending;
}

int ScriptHost::check_here(const std::vector<std::string>& notes) {
  camera_glue_notes() = notes;
  if (const flash::Status status = camera_.power_on(); !status.ok()) {
    std::fprintf(stderr, "the flash does not come up: error %d\n", -status.value());
    return 1;
  }
  return judge(run_interpreter(options_.check_script, !options_.camera.no_mount, nullptr), camera_);
}

void ScriptHost::record_to(Recording& recording) {
  camera_.supply().set_watcher([&recording](const sim::FlashOperation& operation) {
    recording.journal.add(operation, camera_glue_notes().size());
  });
}

int ScriptHost::hand_over(Recording& recording) {
  recording.notes = camera_glue_notes();
  if (save(recording, recording_.fd())) return 0;
  std::fprintf(stderr, "no memory for the record of what happened\n");
  return 1;
}

}  // namespace cli::powercut
