#include "nbd/drive_export.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "boards/board_table.h"

namespace nbd {

namespace {

constexpr std::array<std::pair<std::string_view, sim::Operation>, 3> kOperations = {{
    {"read:", sim::Operation::kRead},
    {"program:", sim::Operation::kProgram},
    {"erase:", sim::Operation::kErase},
}};

int errno_of(flash::Status status) {
  if (status.ok()) return 0;
  const bool is_argument = status == flash::Error::kInvalid || status == flash::Error::kBadShape;
  return is_argument ? EINVAL : EIO;
}

}  // namespace

std::optional<Fault> parse_fault(std::string_view text) {
  for (const auto& [prefix, operation] : kOperations) {
    if (!text.starts_with(prefix)) continue;
    const char* const end = text.data() + text.size();
    uint64_t n = 0;
    const auto parsed = std::from_chars(text.data() + prefix.size(), end, n);
    if (parsed.ec == std::errc() && parsed.ptr == end && n > 0) return Fault{operation, n};
  }
  return std::nullopt;
}

std::variant<std::unique_ptr<DriveExport>, std::string> DriveExport::open(const ExportOptions& options) {
  const boards::Board* board = boards::find_board(options.board);
  if (board == nullptr) return "unknown board '" + options.board + "'";
  auto opened = boards::Camera::open(*board, options.image,
                                     options.read_only ? sim::ImageUse::kScratch : sim::ImageUse::kKeep);
  if (std::string* error = std::get_if<std::string>(&opened)) return std::move(*error);
  auto& camera = std::get<std::unique_ptr<boards::Camera>>(opened);
  for (const Fault& fault : options.faults) camera->fail_nth(fault.operation, fault.n);
  return std::unique_ptr<DriveExport>(new DriveExport(std::move(camera)));
}

uint64_t DriveExport::size_bytes() const {
  const flash::Drive& drive = camera_->drive();
  return uint64_t{drive.block_count()} * drive.block_bytes();
}

uint32_t DriveExport::block_bytes() const {
  return camera_->drive().block_bytes();
}

bool DriveExport::is_aligned(uint64_t offset, size_t length) const {
  return offset % block_bytes() == 0 && length % block_bytes() == 0;
}

int DriveExport::read(uint64_t offset, std::span<uint8_t> out) {
  if (!is_aligned(offset, out.size())) return EINVAL;
  return errno_of(camera_->drive().read_blocks(static_cast<int64_t>(offset / block_bytes()), out));
}

int DriveExport::write(uint64_t offset, std::span<const uint8_t> data) {
  if (!is_aligned(offset, data.size())) return EINVAL;
  return errno_of(camera_->drive().write_blocks(static_cast<int64_t>(offset / block_bytes()), data));
}

int DriveExport::flush() {
  return errno_of(camera_->storage().sync());
}

int DriveExport::pass_ms(uint64_t ms) {
  constexpr uint64_t kNsPerMs = 1'000'000;
  camera_->clock().pass_ns(ms * kNsPerMs);
  return errno_of(camera_->storage().poll());
}

}  // namespace nbd
