#include "bench/instruction_counts.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bench/instructions/operations.h"

namespace bench {

namespace {

// What a command prints; nothing if it fails.
std::optional<std::string> output_of(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  if (pclose(pipe) != 0) return std::nullopt;
  return output;
}

void add(InstructionTable& table, const std::string& operation, const std::string& stack, uint64_t count) {
  (stack == "firmware" ? table[operation].firmware : table[operation].ours) = count;
}

std::optional<InstructionTable> checked(InstructionTable table) {
  constexpr size_t kOperationNames = (instructions::kOperationCount + 1) / 2;
  if (table.size() != kOperationNames) return std::nullopt;
  return table;
}

// A dump of callgrind: "desc: Trigger: Client Request: read ours", and below "totals: 123".
void add_dump(InstructionTable& table, const std::filesystem::path& path) {
  const std::string trigger = "desc: Trigger: Client Request: ", totals = "totals: ";
  std::ifstream file(path);
  std::string operation, stack;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(trigger)) std::istringstream(line.substr(trigger.size())) >> operation >> stack;
    if (!line.starts_with(totals) || operation.empty()) continue;
    add(table, operation, stack, std::stoull(line.substr(totals.size())) / instructions::kHostRepeats);
  }
}

}  // namespace

std::optional<InstructionTable> count_on_m7(const std::string& folder) {
  const auto output = output_of("qemu-system-arm -M mps2-an500 -kernel '" + folder +
                                "/instruction_count.elf' -display none -monitor none -serial null -no-reboot "
                                "-icount shift=0 -semihosting-config enable=on,target=native 2>&1");
  if (!output) return std::nullopt;
  InstructionTable table;
  std::istringstream words(*output);
  uint64_t count = 0;
  for (std::string operation, stack; words >> operation >> stack >> count;)
    add(table, operation, stack, count);
  return checked(std::move(table));
}

std::optional<InstructionTable> count_on_host(const std::string& folder) {
  std::string dumps = (std::filesystem::temp_directory_path() / "pybflash_count_XXXXXX").string();
  if (mkdtemp(dumps.data()) == nullptr) return std::nullopt;
  const auto output =
      output_of("cd '" + dumps + "' && valgrind -q --tool=callgrind '" + folder + "/instruction_count' 2>&1");
  InstructionTable table;
  for (const auto& entry : std::filesystem::directory_iterator(dumps)) add_dump(table, entry.path());
  std::filesystem::remove_all(dumps);
  return output ? checked(std::move(table)) : std::nullopt;
}

}  // namespace bench
