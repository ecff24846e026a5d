import{m as i}from"./chunk-L7H3QP7X.js";var o=i(!1);export{o as a};
