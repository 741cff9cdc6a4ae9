// Comma-separated values as RFC 4180 quotes them, with LF line ends: what
// spreadsheets and data frames read without options.
#ifndef PELLUCID_RENDER_CSV_H_
#define PELLUCID_RENDER_CSV_H_

#include <string>
#include <string_view>

#include "render/lens_report.h"

namespace pellucid::render {

// `text` as one field: in double quotes, inner ones doubled, where it holds a
// comma, a double quote, CR or LF.
std::string CsvField(std::string_view text);

// A lens, one line a cell and rank (k from 1), under a line of names:
//   site,layer,position,token_id,token,k,id,text,logit,logprob,prob,entropy,
//   kl_to_final,logz
// token_id and token are the input's at that position. Layer -1 is the
// embedding row. Numbers have 9 significant digits; what is null in JSON (a
// text without a tokenizer, NaN) is an empty field.
std::string LensCsv(const LensReport& report);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_CSV_H_
