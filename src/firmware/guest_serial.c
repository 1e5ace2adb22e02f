// One chip on one bus, for MicroPython's spiflash.c, and what the test calls.
#include "drivers/memory/spiflash.h"
#include "firmware_port.h"

#if defined(MICROPY_HW_OSPIFLASH_SIZE_BITS_LOG2)
#include "octospi.h"
#define PROTOCOL octospi_proto
#else
#include "qspi.h"
#define PROTOCOL qspi_proto
#endif

static mp_spiflash_cache_t cache;
static const mp_spiflash_config_t config = {
    .bus_kind = MP_SPIFLASH_BUS_QSPI,
    .bus.u_qspi.data = NULL,
    .bus.u_qspi.proto = &PROTOCOL,
    .cache = &cache,
};
static mp_spiflash_t chip = {.config = &config};

int guest_init(void) {
  mp_spiflash_init(&chip);
  return 0;
}

int guest_sleep(int on) {
  mp_spiflash_deepsleep(&chip, on);
  return 0;
}

int guest_read(uint32_t address, uint8_t* out, uint32_t size_bytes) {
  return mp_spiflash_read(&chip, address, size_bytes, out);
}

int guest_write(uint32_t address, const uint8_t* data, uint32_t size_bytes) {
  return mp_spiflash_write(&chip, address, size_bytes, data);
}

int guest_erase(uint32_t address) {
  return mp_spiflash_erase_block(&chip, address);
}

int guest_cached_read(uint32_t address, uint8_t* out, uint32_t size_bytes) {
  return mp_spiflash_cached_read(&chip, address, size_bytes, out);
}

int guest_cached_write(uint32_t address, const uint8_t* data, uint32_t size_bytes) {
  return mp_spiflash_cached_write(&chip, address, size_bytes, data);
}

int guest_flush(void) {
  return mp_spiflash_cache_flush(&chip);
}

// Through the window, a byte after the other, as memcpy does where nothing is aligned.
int guest_read_mapped(uint32_t address, uint8_t* out, uint32_t size_bytes) {
  const volatile uint8_t* from = (const volatile uint8_t*)(0x90000000u + address);
  for (uint32_t i = 0; i < size_bytes; ++i) {
    out[i] = from[i];
  }
  return 0;
}
