#include "analysis/ridge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "analysis/float_weights.h"
#include "base/buffer.h"
#include "kernels/linear.h"

namespace pellucid {
namespace {

std::vector<double> MeanOf(ConstMatrixView rows) {
  std::vector<double> mean(rows.cols);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    for (std::size_t i = 0; i < rows.cols; ++i) {
      mean[i] += static_cast<double>(rows.Row(r)[i]);
    }
  }
  for (double& value : mean) value /= static_cast<double>(rows.rows);
  return mean;
}

// rows less mean, turned around: [d, rows].
Buffer CentredColumns(ConstMatrixView rows, const std::vector<double>& mean) {
  Buffer out(rows.cols, rows.rows);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    for (std::size_t i = 0; i < rows.cols; ++i) {
      out.view().Row(i)[r] =
          static_cast<float>(static_cast<double>(rows.Row(r)[i]) - mean[i]);
    }
  }
  return out;
}

// sums += products + weight * (da db^T).
void Merge(const TaskPool& pool, ConstMatrixView products, double weight,
           const std::vector<double>& da, const std::vector<double>& db,
           std::vector<double>& sums) {
  const std::size_t d = products.cols;
  pool.For(products.rows, [&](std::size_t i) {
    const double scale = weight * da[i];
    for (std::size_t j = 0; j < d; ++j) {
      sums[i * d + j] +=
          static_cast<double>(products.Row(i)[j]) + scale * db[j];
    }
  });
}

// The lower factor of a symmetric matrix [d, d] (Cholesky), in place; nothing:
// it is not positive definite within rounding.
bool Factorise(const TaskPool& pool, std::vector<double>& a, std::size_t d) {
  for (std::size_t k = 0; k < d; ++k) {
    double* row = a.data() + k * d;
    double pivot = row[k];
    for (std::size_t j = 0; j < k; ++j) pivot -= row[j] * row[j];
    if (!(pivot > 0)) return false;
    row[k] = std::sqrt(pivot);
    pool.For(d - k - 1, [&](std::size_t below) {
      double* other = a.data() + (k + 1 + below) * d;
      double sum = other[k];
      for (std::size_t j = 0; j < k; ++j) sum -= other[j] * row[j];
      other[k] = sum / row[k];
    });
  }
  return true;
}

// Solves (L L^T) z = b for one right-hand side, in place.
void SolveOne(const std::vector<double>& factor, std::size_t d, double* b) {
  for (std::size_t i = 0; i < d; ++i) {
    const double* row = factor.data() + i * d;
    double sum = b[i];
    for (std::size_t j = 0; j < i; ++j) sum -= row[j] * b[j];
    b[i] = sum / row[i];
  }
  for (std::size_t i = d; i-- > 0;) {
    b[i] /= factor[i * d + i];
    const double value = b[i];
    const double* row = factor.data() + i * d;
    for (std::size_t j = 0; j < i; ++j) b[j] -= row[j] * value;
  }
}

}  // namespace

PairMoments::PairMoments(std::size_t d)
    : d_(d),
      sums_{.mean_x = std::vector<double>(d),
            .mean_y = std::vector<double>(d),
            .xx = std::vector<double>(d * d),
            .yx = std::vector<double>(d * d)} {}

void PairMoments::Add(const TaskPool& pool, ConstMatrixView x,
                      ConstMatrixView y) {
  std::vector<double> dx = MeanOf(x), dy = MeanOf(y);
  const Buffer xt = CentredColumns(x, dx), yt = CentredColumns(y, dy);
  for (std::size_t i = 0; i < d_; ++i) {
    dx[i] -= sums_.mean_x[i];
    dy[i] -= sums_.mean_y[i];
  }
  const auto rows = static_cast<double>(x.rows);
  const auto before = static_cast<double>(sums_.count);
  const double share = rows / (before + rows);
  const double weight = before * share;
  Buffer products(d_, d_);
  const WeightView columns = FloatWeights(xt.view());
  kernels::Linear(pool, xt.view(), columns, {}, products.view());
  Merge(pool, products.view(), weight, dx, dx, sums_.xx);
  kernels::Linear(pool, yt.view(), columns, {}, products.view());
  Merge(pool, products.view(), weight, dy, dx, sums_.yx);
  for (std::size_t i = 0; i < d_; ++i) {
    sums_.mean_x[i] += share * dx[i];
    sums_.mean_y[i] += share * dy[i];
  }
  sums_.count += x.rows;
}

Result<AffineMap> PairMoments::Solve(const TaskPool& pool, double ridge) const {
  if (sums_.count < 2) {
    return UsageError(
        "tune: the data hold fewer than two positions; give more "
        "text");
  }
  std::vector<double> factor = sums_.xx;
  double trace = 0;
  for (std::size_t i = 0; i < d_; ++i) trace += sums_.xx[i * d_ + i];
  const double penalty = ridge * trace / static_cast<double>(d_);
  for (std::size_t i = 0; i < d_; ++i) factor[i * d_ + i] += penalty;
  if (!Factorise(pool, factor, d_)) {
    return UsageError(fmt::format(
        "tune: ridge {}: {} positions do not fix a map of {} features; give "
        "more text, or a greater ridge",
        ridge, sums_.count, d_));
  }
  AffineMap map{Tensor({d_, d_}), std::vector<float>(d_)};
  pool.For(d_, [&](std::size_t i) {
    std::vector<double> row(
        sums_.yx.begin() + static_cast<std::ptrdiff_t>(i * d_),
        sums_.yx.begin() + static_cast<std::ptrdiff_t>((i + 1) * d_));
    SolveOne(factor, d_, row.data());
    double bias = sums_.mean_y[i];
    for (std::size_t j = 0; j < d_; ++j) {
      bias -= row[j] * sums_.mean_x[j];
      map.weight.Row(i)[j] = static_cast<float>(row[j]);
    }
    map.bias[i] = static_cast<float>(bias);
  });
  return map;
}

}  // namespace pellucid
