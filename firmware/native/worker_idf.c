// Workers as FreeRTOS tasks (ESP-IDF 5.4/5.5). Never built or run on hardware here.
//
// A task is created at the first start and then kept, parked between bodies: deleting a task whose stack is static
// leaves that stack in use until the idle task has run, a trap that a parked task does not have. Stacks and control
// blocks are static (.bss is internal RAM) and survive a soft reset, as the tasks do.
#include "worker.h"

#include <stdatomic.h>

#include "esp_attr.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "sdkconfig.h"

#define LEDS_STACK 8192 // half of each is margin; worker_stack_free() tells
#define AUDIO_STACK 8192

typedef struct {
    const char *name;
    StackType_t *stack;
    uint32_t stack_size;
    UBaseType_t priority;
    BaseType_t core;
    void (*body)(void);
    bool started; // not joined yet; the caller's
    _Atomic int last_core;
    TaskHandle_t task; // NULL before the first start
    esp_timer_handle_t timer;
    SemaphoreHandle_t begin, ended, wake;
    StaticTask_t control_block;
    StaticSemaphore_t semaphores[3];
} task_t;

static StackType_t leds_stack[LEDS_STACK / sizeof(StackType_t)];
static StackType_t audio_stack[AUDIO_STACK / sizeof(StackType_t)];

// WiFi is 23 and lwIP 18, both on core 0; Python is 1. A single-core chip has core 0 only.
static task_t tasks[WORKERS] = {
    [WORKER_LEDS] = {
        .name = "k1_leds", .stack = leds_stack, .stack_size = LEDS_STACK, .priority = 22,
        .core = portNUM_PROCESSORS - 1, .last_core = -1,
    },
    [WORKER_AUDIO] = {
        .name = "k1_audio", .stack = audio_stack, .stack_size = AUDIO_STACK, .priority = 5, .core = 0,
        .last_core = -1,
    },
};

static void task_entry(void *arg) {
    task_t *self = arg;
    for (;;) {
        xSemaphoreTake(self->begin, portMAX_DELAY);
        atomic_store(&self->last_core, (int)xPortGetCoreID());
        self->body();
        xSemaphoreGive(self->ended);
    }
}

#if CONFIG_ESP_TIMER_SUPPORTS_ISR_DISPATCH_METHOD
static void IRAM_ATTR on_timer(void *arg) {
    BaseType_t woken = pdFALSE;
    xSemaphoreGiveFromISR(((task_t *)arg)->wake, &woken);
    if (woken == pdTRUE) {
        esp_timer_isr_dispatch_need_yield();
    }
}
#define TIMER_DISPATCH ESP_TIMER_ISR
#else
// The timer task runs on core 0 beside WiFi: up to some 100 us late. Our image sets the option.
static void on_timer(void *arg) {
    xSemaphoreGive(((task_t *)arg)->wake);
}
#define TIMER_DISPATCH ESP_TIMER_TASK
#endif

static bool create(task_t *self) {
    if (self->task != NULL) {
        return true;
    }
    const esp_timer_create_args_t timer = {
        .callback = on_timer, .arg = self, .dispatch_method = TIMER_DISPATCH, .name = self->name,
    };
    if (self->timer == NULL && esp_timer_create(&timer, &self->timer) != ESP_OK) {
        return false;
    }
    self->begin = xSemaphoreCreateBinaryStatic(&self->semaphores[0]);
    self->ended = xSemaphoreCreateBinaryStatic(&self->semaphores[1]);
    self->wake = xSemaphoreCreateBinaryStatic(&self->semaphores[2]);
    self->task = xTaskCreateStaticPinnedToCore(task_entry, self->name, self->stack_size, self, self->priority,
        self->stack, &self->control_block, self->core);
    return self->task != NULL;
}

bool worker_start(worker_t worker, void (*body)(void)) {
    task_t *self = &tasks[worker];
    if (self->started || !create(self)) {
        return false;
    }
    xSemaphoreTake(self->wake, 0); // one meant for the previous body
    self->started = true;
    self->body = body;
    xSemaphoreGive(self->begin);
    return true;
}

bool worker_join(worker_t worker, uint32_t timeout_ms) {
    task_t *self = &tasks[worker];
    if (self->started && xSemaphoreTake(self->ended, pdMS_TO_TICKS(timeout_ms) + 1) == pdTRUE) {
        self->started = false;
    }
    return !self->started;
}

void worker_wait_until(worker_t worker, int64_t until_us) {
    task_t *self = &tasks[worker];
    if (until_us != WORKER_FOREVER) {
        int64_t left_us = until_us - esp_timer_get_time();
        if (left_us <= 0) {
            return;
        }
        esp_timer_start_once(self->timer, (uint64_t)left_us);
    }
    xSemaphoreTake(self->wake, portMAX_DELAY);
    esp_timer_stop(self->timer); // it may not have fired; if it has, the error says so and does no harm
}

void worker_wake(worker_t worker) {
    if (tasks[worker].task != NULL) {
        xSemaphoreGive(tasks[worker].wake);
    }
}

int64_t worker_now_us(void) {
    return esp_timer_get_time();
}

void worker_sleep_ms(uint32_t ms) {
    TickType_t ticks = pdMS_TO_TICKS(ms);
    vTaskDelay(ticks > 0 ? ticks : 1); // at least one: with 100 Hz ticks, 1 ms would be no sleep at all
}

int worker_core(worker_t worker) {
    return atomic_load(&tasks[worker].last_core);
}

uint32_t worker_stack_free(worker_t worker) {
    return tasks[worker].task != NULL ? uxTaskGetStackHighWaterMark(tasks[worker].task) : tasks[worker].stack_size;
}
