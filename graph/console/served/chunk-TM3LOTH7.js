import{m as i}from"./chunk-BNQ24XGE.js";var o=i(!1);export{o as a};
