// `pybflash run`: a script, a line of code, or a prompt on a simulated camera.
#include <memory>
#include <string>
#include <vector>

#include "cli/camera_options.h"
#include "cli/commands.h"
#include "micropython/port/interpreter.h"

namespace cli {

namespace {

constexpr const char* kStandardInput = "-";

constexpr const char* kRunFooter =
    "The storage is mounted at /flash, which is the working directory; a blank one is formatted first, as\n"
    "the camera does. The host's files are there by their absolute paths; the script is read from the\n"
    "host (- is standard input), and imports from its own folder. Options stand before SCRIPT: what\n"
    "follows it is the script's. It is `pybflash camera` that starts /flash/boot.py and /flash/main.py;\n"
    "here, import main does.\n"
    "\n"
    "Examples:\n"
    "  pybflash run                                     a prompt: Ctrl-D soft reset, Ctrl-X leave\n"
    "  pybflash run --board OPENMV_N6 layout.py 64      sys.argv is ['layout.py', '64']\n"
    "  pybflash run --image cam.bin -c 'open(\"a.txt\", \"w\").write(\"kept\")'\n"
    "  pybflash run --no-mount -c 'import pyb; print(pyb.Flash(start=0))'";

// CLI11 knows nothing of arguments that are left to the script.
class RunFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: pybflash run [OPTIONS] [SCRIPT [ARGS...] | -c CODE [ARGS...]]\n";
  }
};

struct RunOptions {
  CameraOptions camera;
  std::string code;
  bool has_code = false;
  std::vector<std::string> arguments;  // of the script, itself the first
};

const char* script_in(const std::string& argument) {
  return argument == kStandardInput ? "/dev/stdin" : argument.c_str();
}

int run(RunOptions& options) {
  std::vector<std::string>& arguments = options.arguments;
  if (options.has_code) {
    arguments.insert(arguments.begin(), "-c");
  } else if (!arguments.empty() && arguments.front().starts_with('-') &&
             arguments.front() != kStandardInput) {
    return usage_error("unknown option " + arguments.front() + " (pybflash run --help shows what there is)");
  }

  boards::Camera* camera = switch_on(options.camera);
  if (camera == nullptr) return kExitUsage;

  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const std::string greeting = greeting_of(*camera, options.camera) + " Ctrl-D: soft reset, Ctrl-X: leave.";
  const interpreter_options_t interpreter = {
      .code = options.has_code ? options.code.c_str() : nullptr,
      .script = options.has_code || arguments.empty() ? nullptr : script_in(arguments.front()),
      .argc = static_cast<int>(argv.size()),
      .argv = argv.data(),
      .mount_storage = !options.camera.no_mount,
      .greeting = greeting.c_str(),
      .stands_alone = false,
      .repeatable = false,
      .after_boot = nullptr,
      .context = nullptr,
  };
  return judge(interpreter_run(&interpreter), *camera);
}

}  // namespace

void add_run_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Run a script, a line of code, or a prompt on a camera");
  command->formatter(std::make_shared<RunFormatter>());
  command->footer(kRunFooter);
  command->prefix_command();
  add_camera_options(*command, options->camera);
  add_no_mount_option(*command, options->camera);
  command->add_option("-c", options->code, "Run this code")->type_name("CODE")->each([options](auto) {
    options->has_code = true;
  });
  command->callback([command, options, &action] {
    options->arguments = command->remaining();
    action = [options] { return run(*options); };
  });
}

}  // namespace cli
