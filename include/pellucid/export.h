// pellucid/export.h - which names a shared library shows.
//
// All code is compiled with hidden names (-fvisibility=hidden), so that a
// shared build, or a plugin that a static build went into, exports what the
// public headers declare and nothing else. A class or function that programs
// call and that is no template and not inline carries PELLUCID_API.
#ifndef PELLUCID_EXPORT_H_
#define PELLUCID_EXPORT_H_

// Stands before the name of a public class and before a public function.
#define PELLUCID_API __attribute__((visibility("default")))

#endif  // PELLUCID_EXPORT_H_
