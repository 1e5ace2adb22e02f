#include "powercut/raw_scenario.h"

#include <algorithm>

#include "sim/check.h"
#include "sim/noise.h"

namespace powercut {

namespace {

using flash::Partition;
using flash::Status;

constexpr uint32_t kBlockBytes = 512;  // written as one
constexpr uint32_t kKiB = 1024;

void fill(std::vector<uint8_t>& bytes, sim::Noise& noise) {
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(noise.next());
}

uint32_t below(sim::Noise& noise, uint32_t bound) {
  return static_cast<uint32_t>(noise.below(bound));
}

}  // namespace

RawScenario::RawScenario(const boards::Board& board, const Style& style, uint32_t seed)
    : board_(board),
      style_(style),
      seed_(seed),
      window_(std::min(board.storage().size_bytes, 160 * kKiB)),
      first_content_(window_),
      history_(board) {
  sim::Noise noise(seed);
  make_objects(noise, style.overlapping);
  fill(first_content_, noise);
  content_ = first_content_;
  while (calls_.size() < style.calls) {
    calls_.push_back(make_call(noise, style));
    std::ranges::copy(calls_.back().data, content_.begin() + offset_of(calls_.back()));
  }
}

void RawScenario::make_objects(sim::Noise& noise, bool overlapping) {
  objects_.push_back({0, window_});
  const uint32_t native = board_.native_block_bytes;
  while (overlapping && objects_.size() < 4) {
    const uint32_t start = below(noise, window_ / native - 1) * native;
    const uint32_t len = (1 + below(noise, (window_ - start) / native)) * native;
    objects_.push_back({start, std::min(len, window_ - start)});
  }
}

RawScenario::Call RawScenario::make_call(sim::Noise& noise, const Style& style) const {
  const size_t index = noise.below(objects_.size());
  const Object& object = objects_[index];
  Call call = {Kind::kSync, index, 0, 0, {}};
  if (noise.below(4) == 0) return call;
  const bool extended = style.extended && (!style.simple || noise.below(2) == 0);
  if (!extended) {
    call = make_write(noise, object);
  } else if (noise.below(3) == 0) {
    call.kind = Kind::kErase;
    call.block = below(noise, object.len / board_.native_block_bytes);
    call.data.assign(board_.native_block_bytes, 0xFF);
  } else {
    call = make_program(noise, object);
  }
  call.object = index;
  return call;
}

// Mostly a few blocks; now and then a stream, for which large erases are used.
RawScenario::Call RawScenario::make_write(sim::Noise& noise, const Object& object) const {
  const uint32_t unit = board_.simple_block_bytes;
  const uint32_t most = noise.below(8) == 0 ? object.len / unit : std::min(4u, object.len / unit);
  const uint32_t blocks = 1 + below(noise, most);
  Call call = {Kind::kWrite, 0, below(noise, object.len / unit - blocks + 1), 0, Bytes(blocks * unit)};
  fill(call.data, noise);
  return call;
}

RawScenario::Call RawScenario::make_program(sim::Noise& noise, const Object& object) const {
  const uint32_t native = board_.native_block_bytes;
  const uint32_t block = below(noise, object.len / native);
  const uint32_t offset = below(noise, native);
  const uint32_t room = object.len - block * native - offset;
  Call call = {Kind::kProgram, 0, block, offset, Bytes(1 + below(noise, std::min(room, 1024u)))};
  fill(call.data, noise);
  const uint32_t at = object.start + block * native + offset;
  for (size_t i = 0; i < call.data.size(); ++i) call.data[i] &= content_[at + i];
  return call;
}

uint32_t RawScenario::offset_of(const Call& call) const {
  const uint32_t unit = call.kind == Kind::kWrite ? board_.simple_block_bytes : board_.native_block_bytes;
  return objects_[call.object].start + call.block * unit + call.offset;
}

Status RawScenario::perform(const Call& call, Partition& partition) const {
  switch (call.kind) {
    case Kind::kWrite:
      return partition.write_blocks(call.block, call.data);
    case Kind::kProgram:
      return partition.program_bytes(call.block, call.offset, call.data);
    case Kind::kErase:
      return partition.ioctl(static_cast<int>(flash::Ioctl::kEraseBlock), call.block).status;
    case Kind::kSync:
      return partition.ioctl(static_cast<int>(flash::Ioctl::kSync), 0).status;
  }
  return {};
}

void RawScenario::prepare(Target& target) {
  SIM_CHECK(target.storage().write(0, first_content_).ok() && target.storage().sync().ok(), "no content");
  history_.begin(target);
}

// Where the hardware fails, it does so at most twice in a call, and the third try has to succeed. A failure
// may leave a sector erased whose content waits in RAM; so before the call is made again, a sync succeeds.
std::string RawScenario::write(Target& target) {
  const unsigned most_faults = style_.failing ? 2 : 0;
  sim::Noise noise(seed_);
  unsigned faults_left = 0;
  target.cells().set_fault_hook([&noise, &faults_left](sim::Operation operation, uint64_t, uint32_t) {
    const bool fails = operation != sim::Operation::kRead && faults_left > 0 && noise.below(24) == 0;
    if (fails) --faults_left;
    return fails;
  });
  std::vector<Partition> partitions;
  for (const Object& object : objects_) partitions.emplace_back(target.storage(), object.start, object.len);
  Status status;
  for (const Call& call : calls_) {
    history_.change(offset_of(call), call.data);
    faults_left = most_faults;
    status = perform(call, partitions[call.object]);
    for (unsigned i = 0; i < most_faults && !status.ok(); ++i) {
      status = target.storage().sync();
      if (status.ok()) status = perform(call, partitions[call.object]);
    }
    if (!status.ok()) break;
    history_.end_call(call.kind == Kind::kSync);
  }
  target.cells().set_fault_hook(nullptr);
  return status.ok() ? "" : "call " + std::to_string(history_.calls()) + " fails";
}

std::string RawScenario::check(Target& target, const Moment& moment) {
  constexpr uint64_t kLongUs = 1'000'000;
  const uint64_t start_us = target.now_us();
  if (std::string error = history_.check(target, moment); !error.empty()) return error;
  if (target.now_us() - start_us > kLongUs) return "reading took longer than a second";
  // This takes its time, and a few cuts in a row are much alike.
  if (moment.cut.tear == sim::Tear::kWeak || moment.cut.operation % 16 == 0) {
    return check_use(target, moment.cut.seed, window_);
  }
  return moment.cut.operation % 16 == 8 ? check_use(target, moment.cut.seed, kBlockBytes) : "";
}

// New data for the first bytes of each sector, or for all of it.
std::string RawScenario::check_use(Target& target, uint32_t seed, uint32_t most_bytes) const {
  Bytes wanted(window_);
  sim::Noise noise(seed);
  fill(wanted, noise);
  std::vector<Extent> written;
  for (uint32_t at = 0; at < window_;) {
    const uint32_t sector_bytes = board_.part->geometry.sector_bytes_at(board_.storage().offset + at);
    written.push_back({at, at + std::min(most_bytes, std::min(sector_bytes, window_ - at))});
    at += sector_bytes;
  }
  for (const Extent& part : written) {
    const auto data = std::span(wanted).subspan(part.begin, part.end - part.begin);
    if (!target.storage().write(part.begin, data).ok()) return "the storage takes no data any more";
  }
  if (!target.storage().sync().ok()) return "a sync after the cut fails";
  target.power_off();
  if (!target.power_on().ok()) return "a second power-up fails";
  for (int time = 0; time < 4; ++time) {
    for (const Extent& part : written) {
      Bytes present(part.end - part.begin);
      if (!target.storage().read(part.begin, present).ok()) {
        return "what was written after the cut cannot be read";
      }
      if (!std::equal(present.begin(), present.end(), wanted.begin() + part.begin)) {
        return "what was written after the cut reads as something else";
      }
    }
  }
  return "";
}

}  // namespace powercut
