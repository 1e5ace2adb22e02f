#include "micropython/port/camera_glue.h"

#include "boards/camera.h"
#include "micropython/pyb/flash_glue.h"

namespace {

constexpr uint64_t kUsPerMs = 1000;
constexpr uint64_t kNsPerUs = 1000;

boards::Camera* camera = nullptr;

camera_text_t in_c(std::string_view text) {
  return {text.data(), text.size()};
}

sim::Operation operation_of(camera_operation_t operation) {
  switch (operation) {
    case CAMERA_PROGRAM:
      return sim::Operation::kProgram;
    case CAMERA_ERASE:
      return sim::Operation::kErase;
    case CAMERA_READ:
      break;
  }
  return sim::Operation::kRead;
}

}  // namespace

void camera_glue_attach(boards::Camera* new_camera) {
  camera = new_camera;
  flash_glue_attach(camera == nullptr ? nullptr : &camera->storage());
}

std::vector<std::string>& camera_glue_notes() {
  static std::vector<std::string> notes;
  return notes;
}

bool camera_is_attached(void) {
  return camera != nullptr;
}

camera_text_t camera_board_name(void) {
  return in_c(camera->board().name);
}

camera_text_t camera_volume_label(void) {
  return in_c(camera->board().volume_label);
}

camera_stats_t camera_stats(void) {
  const boards::Camera::Totals totals = camera->totals();
  return {totals.erases,     totals.programs,  totals.bytes_programmed,
          totals.bytes_read, totals.device_us, totals.max_wear};
}

camera_bytes_t camera_chip(void) {
  const std::span<const uint8_t> chip = camera->cells().bytes();
  return {chip.data(), chip.size()};
}

void camera_fail_nth(camera_operation_t operation, uint64_t n) {
  camera->fail_nth(operation_of(operation), n);
}

void camera_fail_busy(void) {
  camera->fail_busy();
}

void camera_fail_none(void) {
  camera->fail_none();
}

int camera_sync(void) {
  return camera->storage().sync().value();
}

uint64_t camera_now_us(void) {
  return camera->clock().now_us();
}

void camera_pass_us(uint64_t us) {
  camera->pass_ms(us / kUsPerMs);
  camera->clock().pass_ns(us % kUsPerMs * kNsPerUs);
  camera->storage().poll().ignore();  // it stays dirty, and the next sync reports it
}

void camera_add_note(camera_text_t text) {
  camera_glue_notes().emplace_back(text.data, text.length);
}

size_t camera_note_count(void) {
  return camera_glue_notes().size();
}

camera_text_t camera_note(size_t index) {
  return in_c(camera_glue_notes()[index]);
}
