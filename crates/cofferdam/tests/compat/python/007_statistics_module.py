# statistics: means, medians, quantiles, spread, regression.
import statistics as st

data = [2, 4, 4, 4, 5, 5, 7, 9]
print(st.mean(data), st.median(data), st.mode(data), st.multimode("aabbc"), st.pstdev(data), st.pvariance(data))
print(round(st.stdev(data), 10), st.variance([1, 2, 3]), st.fmean([1, 2, 3, 4], weights=[1, 1, 1, 5]))
print(st.quantiles(data, n=4), st.quantiles(data, n=4, method="inclusive"), st.median_low([1, 2, 3, 4]), st.median_grouped(data))
print(st.geometric_mean([1, 4, 16]), st.harmonic_mean([40, 60]))
line = st.linear_regression([1, 2, 3, 4], [2, 4, 6, 8])
print(line.slope, line.intercept, st.correlation([1, 2, 3], [3, 2, 1]), st.covariance([1, 2, 3], [1, 2, 4]))
normal = st.NormalDist(100, 15)
print(round(normal.cdf(130), 6), round(normal.inv_cdf(0.975), 6), normal + 5)
try:
    st.mean([])
except st.StatisticsError as error:
    print(error)
