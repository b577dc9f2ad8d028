/// The curve `1 / (1 + a x^(2b))` that turns a distance on the map into a closeness from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// The factor `a`.
    pub a: f64,
    /// The exponent `b`; the curve falls as `x^(2b)`.
    pub b: f64,
}

const SAMPLES: usize = 300;
const STEPS: usize = 500;

impl Curve {
    /// The least-squares fit, at 300 points from 0 to `3 spread`, to the closeness that is 1 up to
    /// `min_dist` and `exp(−(x − min_dist) / spread)` beyond (UMAP paper, section 4.2), by
    /// Levenberg and Marquardt's method.
    pub fn fit(min_dist: f64, spread: f64) -> Self {
        let points: Vec<(f64, f64)> = (0..SAMPLES)
            .map(|i| {
                let x = 3.0 * spread * i as f64 / (SAMPLES - 1) as f64;
                let y = if x < min_dist { 1.0 } else { (-(x - min_dist) / spread).exp() };
                (x, y)
            })
            .collect();
        let mut best = Self { a: 1.0, b: 1.0 };
        let mut loss = best.loss(&points);
        let mut damping = 1e-3;
        for _ in 0..STEPS {
            let (h, g) = best.normal_equations(&points);
            let (haa, hbb) = (h[0] * (1.0 + damping), h[2] * (1.0 + damping));
            let determinant = haa * hbb - h[1] * h[1];
            let step_a = (hbb * g[0] - h[1] * g[1]) / determinant;
            let step_b = (haa * g[1] - h[1] * g[0]) / determinant;
            let next = Self { a: best.a + step_a, b: best.b + step_b };
            let next_loss = next.loss(&points);
            if next.a > 0.0 && next.b > 0.0 && next_loss <= loss {
                best = next;
                loss = next_loss;
                damping = (damping * 0.1).max(1e-15);
                if step_a.abs() < 1e-13 * best.a && step_b.abs() < 1e-13 * best.b {
                    break;
                }
            } else {
                damping *= 10.0;
                if damping > 1e12 {
                    break;
                }
            }
        }
        best
    }

    /// The closeness of two points at distance `x`.
    pub fn closeness(&self, x: f64) -> f64 {
        1.0 / (1.0 + self.a * x.powf(2.0 * self.b))
    }

    fn loss(&self, points: &[(f64, f64)]) -> f64 {
        points.iter().map(|&(x, y)| (y - self.closeness(x)).powi(2)).sum()
    }

    /// `JᵀJ` as `[aa, ab, bb]` and `Jᵀ` times the residuals.
    fn normal_equations(&self, points: &[(f64, f64)]) -> ([f64; 3], [f64; 2]) {
        let (mut h, mut g) = ([0.0; 3], [0.0; 2]);
        for &(x, y) in points.iter().filter(|p| p.0 > 0.0) {
            let power = x.powf(2.0 * self.b);
            let value = self.closeness(x);
            let da = -value * value * power;
            let db = da * self.a * 2.0 * x.ln();
            let residual = y - value;
            h[0] += da * da;
            h[1] += da * db;
            h[2] += db * db;
            g[0] += da * residual;
            g[1] += db * residual;
        }
        (h, g)
    }
}
